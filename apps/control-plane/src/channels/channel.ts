import type { ChannelId, DeliveryId, TeamId } from '@wrenn/core';
import type { ChannelProvider, DeliveryStatus } from '../db/schema.ts';

/** Where a team wants to be told what happens. */
export interface Channel {
  readonly id: ChannelId;
  readonly teamId: TeamId;
  readonly name: string;
  readonly provider: ChannelProvider;
  /** As its provider's `parse` returned it. */
  readonly config: unknown;
  readonly events: readonly string[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** One event on its way to one channel. */
export interface Delivery {
  readonly id: DeliveryId;
  readonly event: string;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  readonly responseStatus: number | undefined;
  readonly fault: string | undefined;
  readonly createdAt: Date;
  readonly attemptedAt: Date | undefined;
  readonly finishedAt: Date | undefined;
  readonly repeats: DeliveryId | undefined;
}
