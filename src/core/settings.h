/* The configuration as the rules need it. Made once by main from tables/settings.def, read-only,
 * any thread.
 */
#ifndef CORE_SETTINGS_H
#define CORE_SETTINGS_H

#include "base/str.h"

struct settings {
#define SETTING(field, variable, flag, fallback, kind, help) str field;
#include "settings.def"
#undef SETTING
};

#endif
