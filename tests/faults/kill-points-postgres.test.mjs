// kill-points.test.mjs once more, on PostgreSQL.

import { again } from '../lib/variant.mjs';

await again('kill-points', { database: 'postgresql' });
