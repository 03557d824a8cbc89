import { describeConformance } from '@wrenn/testkit/engine-conformance';
import { fakeFirecrackerSubject } from './testing/fake-subject.ts';
import { firecrackerSubject, qemuSubject } from './testing/real-subjects.ts';

describeConformance([qemuSubject, await firecrackerSubject(), fakeFirecrackerSubject]);
