/* Places at which a test may kill the process (tables/fault_points.def). Nothing in builds without
 * -Dfault_points=true. In those the environment decides:
 *   MORTISE_FAULT_POINT  "saving" or "saving:3": SIGKILL at the first (third) pass of that place
 *   MORTISE_FAULT_LOG    a file to which the name of each place passed is appended
 * Any thread.
 */
#ifndef BASE_FAULT_POINT_H
#define BASE_FAULT_POINT_H

enum fault_point {
#define FAULT_POINT(name, text) FAULT_POINT_##name,
#include "fault_points.def"
#undef FAULT_POINT
};

#ifdef MORTISE_FAULT_POINTS
void fault_point(enum fault_point p);
#else
static inline void fault_point(enum fault_point p)
{
    (void)p;
}
#endif

#endif
