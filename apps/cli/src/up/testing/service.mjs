// A program for the supervisor's tests: says what it does in a journal file, and behaves as it is told.
//
//   node service.mjs NAME JOURNAL ready|fault|exit|deaf|slow
import { appendFileSync } from 'node:fs';

const [name = '', journal = '', behaviour = ''] = process.argv.slice(2);
const note = (/** @type {string} */ what) => appendFileSync(journal, `${name} ${what}\n`);
const tell = (/** @type {object} */ message) => process.send?.(message);

note(`started ${process.pid}`);
// Without anything to do it would end.
setInterval(() => undefined, 60_000);

if (behaviour === 'fault') {
  process.send?.({ type: 'fault', code: 'no_space', message: 'the disk is full', remedy: 'free some' }, () =>
    process.exit(1),
  );
} else if (behaviour === 'exit') {
  process.exit(7);
} else {
  tell({ type: 'progress', progress: { kind: 'note', step: name, text: 'working' } });
  tell({ type: 'ready', facts: { name, pid: String(process.pid) } });
}

process.on('message', (/** @type {{ type?: string, mode?: string }} */ message) => {
  if (behaviour === 'deaf') return;
  if (behaviour === 'slow') stopSlowly(0);
  else {
    note(`stopped ${message.mode}`);
    process.exit(0);
  }
});
process.on('disconnect', () => {
  note('orphaned');
  process.exit(0);
});

function stopSlowly(/** @type {number} */ done) {
  const text = `${done} of 10 paused`;
  process.send?.({ type: 'progress', progress: { kind: 'note', step: name, text } }, () => {
    if (done === 10) process.exit(0);
    setTimeout(() => stopSlowly(done + 1), 400);
  });
}
