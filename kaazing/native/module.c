/* kaazing._speedups: the codecs and pumps in C; each codec has a pure-Python twin in kaazing/wire. */
#include "speedups.h"

int
add_type(PyObject *module, PyType_Spec *spec)
{
    PyObject *type = PyType_FromModuleAndSpec(module, spec, NULL);
    if (type == NULL)
        return -1;
    int added = PyModule_AddType(module, (PyTypeObject *)type);
    Py_DECREF(type);
    return added;
}

static int
speedups_exec(PyObject *module)
{
    if (lane_add(module) < 0 || frames_add(module) < 0 || pump_add(module) < 0 || stomp_add(module) < 0
        || amqp_add(module) < 0 || irc_add(module) < 0 || mqtt_add(module) < 0 || fanout_add(module) < 0
        || wse_add(module) < 0 || wse_frames_add(module) < 0)
        return -1;
    return 0;
}

static int
speedups_traverse(PyObject *module, visitproc visit, void *arg)
{
    speedups_state *state = PyModule_GetState(module);
    Py_VISIT(state->lane_type);
    return 0;
}

static int
speedups_clear(PyObject *module)
{
    speedups_state *state = PyModule_GetState(module);
    Py_CLEAR(state->lane_type);
    Py_CLEAR(state->data_buffer);
    Py_CLEAR(state->temp_data_buffer);
    Py_CLEAR(state->disconnecting);
    return 0;
}

static void
speedups_free(void *module)
{
    speedups_clear(module);
}

static PyModuleDef_Slot speedups_slots[] = {
    {Py_mod_exec, speedups_exec},
    {0, NULL},
};

static struct PyModuleDef speedups_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "kaazing._speedups",
    .m_doc = "Codecs and pumps in C.",
    .m_size = sizeof(speedups_state),
    .m_slots = speedups_slots,
    .m_traverse = speedups_traverse,
    .m_clear = speedups_clear,
    .m_free = speedups_free,
};

PyMODINIT_FUNC
PyInit__speedups(void)
{
    return PyModuleDef_Init(&speedups_module);
}
