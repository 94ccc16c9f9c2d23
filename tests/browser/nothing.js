// Stands for modules of Node that a client names and, in a browser, never uses.
export default {}
