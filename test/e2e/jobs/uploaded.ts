/** The word count that uploads start, by a name of its own: so that its executions can be counted. */
export { default } from '../../../examples/word-count.ts';
