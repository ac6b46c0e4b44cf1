// kill-random.test.mjs once more, on PostgreSQL.

import { again } from '../lib/variant.mjs';

await again('kill-random', { database: 'postgresql' });
