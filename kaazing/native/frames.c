/* Outgoing frames of kaazing._speedups. */
#include "speedups.h"

int
frames_add(PyObject *module)
{
    (void)module;
    return 0;
}
