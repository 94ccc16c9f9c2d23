/* What the parts of kaazing._speedups promise each other. */
#ifndef KAAZING_SPEEDUPS_H
#define KAAZING_SPEEDUPS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* Each part adds its types and functions to the module; -1 with an exception set when it cannot. */
int lane_add(PyObject *module);
int frames_add(PyObject *module);
int pump_add(PyObject *module);
int stomp_add(PyObject *module);

#endif
