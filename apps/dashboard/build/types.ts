// Makes the types of the API that the pages import as `#api`; they are not committed.
import { generateTypes } from './build-dashboard.ts';

await generateTypes();
