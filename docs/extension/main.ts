import { run } from '@wrenn/control-plane';
import { notes } from './extension.ts';

// Everything that the control plane is, and notes.
await run({ extensions: [notes(60_000)] });
