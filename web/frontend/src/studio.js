// The process designer's workbench: [data-studio].
import {mount} from './page/mounting.js';
import {Workbench} from './studio/workbench.js';

mount('[data-studio]', holder => new Workbench(holder).open());
