/** Why somebody who came back from a provider is not signed in, or has nothing linked; told to the page they land on. */
export type OAuthFault =
  | 'invalid_state'
  | 'access_denied'
  | 'missing_code'
  | 'exchange_failed'
  | 'rate_limited'
  | 'no_account'
  | 'email_taken'
  /** The provider knows of no address that it has seen to be theirs. */
  | 'email_unverified'
  | 'account_deactivated'
  | 'already_linked'
  | 'db_error';

/** Undoes what a transaction did, and says why. */
export class OAuthRefusal extends Error {
  readonly fault: OAuthFault;

  constructor(fault: OAuthFault) {
    super(fault);
    this.fault = fault;
  }
}
