// lease.test.mjs once more, on PostgreSQL.

import { again } from '../lib/variant.mjs';

await again('lease', { database: 'postgresql' });
