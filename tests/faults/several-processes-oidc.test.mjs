// several-processes.test.mjs once more, against npm's oidc-provider, which nobody here wrote.

import { again } from '../lib/variant.mjs';

await again('several-processes', { server: 'oidc-provider' });
