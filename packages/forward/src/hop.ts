/** Who is asked next: the port itself, the relay of a host before it, or the platform's own API. */
export type Hop = 'port' | 'relay' | 'api';
