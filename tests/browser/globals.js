// What clients written for Node expect to be there; bundlers for the web put the same packages in.
export { Buffer } from 'buffer/'
export { default as process } from 'process/browser'
