/** The columns of `visits` and `pages`, for jobs that read them with `csv`. */
export const visitColumns = {
  sourceIP: 'string',
  destURL: 'string',
  visitDate: 'string',
  adRevenue: 'number',
  userAgent: 'string',
  countryCode: 'string',
  languageCode: 'string',
  searchWord: 'string',
  duration: 'number',
} as const;

export const pageColumns = { pageURL: 'string', pageRank: 'number', avgDuration: 'number' } as const;
