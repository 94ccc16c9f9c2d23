/* The inbound data lane of kaazing._speedups. */
#include "speedups.h"

int
lane_add(PyObject *module)
{
    (void)module;
    return 0;
}
