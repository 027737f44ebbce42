import type { PriceOfTasks } from '../../coordinator/job-budget.ts';
import { priceUsage } from './price-usage.ts';

/** What budgets are held against. */
export const priceOfTasks: PriceOfTasks = (tasks, nowMs) => priceUsage(tasks, nowMs).usd;
