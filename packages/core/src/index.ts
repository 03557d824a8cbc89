export { allEnded } from './all-ended.ts';
export { atMost } from './at-most.ts';
export {
  type CapsuleAction,
  type CapsuleState,
  canCapsule,
  capsuleActions,
  capsuleStates,
  nextCapsuleState,
} from './capsule-state.ts';
export { Cleanup } from './cleanup.ts';
export { type Config, parseConfig, type Settings, setting, settingType, startLogLevel } from './config.ts';
export { abortable, deadline, pause, until } from './deadline.ts';
export {
  describeError,
  type ErrorCode,
  type ErrorDetails,
  errorCodes,
  systemCode,
  WrennError,
} from './errors.ts';
export {
  type ApiKeyId,
  type ArchiveId,
  type AuditEntryId,
  type BuildId,
  type CapsuleId,
  type ChannelId,
  type DeliveryId,
  type EventId,
  type HostId,
  type IdKind,
  type ImageId,
  type InvitationId,
  idFromUuid,
  type JobId,
  newId,
  parseId,
  type SessionId,
  type SnapshotId,
  type TeamId,
  type TemplateId,
  type UserId,
  uuidFromId,
  uuidsBeginning,
  zeroId,
} from './ids.ts';
export { namePattern } from './names.ts';
export { parseJson } from './parse-json.ts';
export {
  type AccessVerdict,
  accessKey,
  checkAccess,
  isSame,
  portLink,
  trafficToken,
} from './port-access.ts';
export { type Progress, type Report, runStep, type StepResult } from './progress.ts';
export { Secret } from './secret.ts';
export {
  parseServiceMessage,
  parseSupervisorMessage,
  type ServiceMessage,
  type StopMode,
  type SupervisorMessage,
} from './supervision.ts';
export { unlessSilent } from './unless-silent.ts';
