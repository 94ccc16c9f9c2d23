/* STOMP of kaazing._speedups. */
#include "speedups.h"

int
stomp_add(PyObject *module)
{
    (void)module;
    return 0;
}
