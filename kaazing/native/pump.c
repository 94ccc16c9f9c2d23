/* Native pumps of kaazing._speedups. */
#include "speedups.h"

int
pump_add(PyObject *module)
{
    (void)module;
    return 0;
}
