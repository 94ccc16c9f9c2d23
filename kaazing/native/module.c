/* kaazing._speedups: the codecs and pumps in C; each codec has a pure-Python twin in kaazing/wire. */
#include "speedups.h"

static int
speedups_exec(PyObject *module)
{
    if (lane_add(module) < 0 || frames_add(module) < 0 || pump_add(module) < 0 || stomp_add(module) < 0)
        return -1;
    return 0;
}

static PyModuleDef_Slot speedups_slots[] = {
    {Py_mod_exec, speedups_exec},
    {0, NULL},
};

static struct PyModuleDef speedups_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "kaazing._speedups",
    .m_doc = "Codecs and pumps in C.",
    .m_size = 0,
    .m_slots = speedups_slots,
};

PyMODINIT_FUNC
PyInit__speedups(void)
{
    return PyModuleDef_Init(&speedups_module);
}
