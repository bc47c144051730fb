// For `require`, which takes ES modules from Node 20.19 and 22.12 on.
import api = require('./index.js');
export = api;
