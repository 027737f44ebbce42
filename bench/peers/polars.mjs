// The lazy, streaming form, with the columns named and typed.
import polars from 'nodejs-polars';

const { col, len, lit, scanCSV } = polars;
const [workload, output, first, second] = process.argv.slice(2);

const linesOf = (path) => tableOf(path, { line: polars.String }, '\u0001');
const tableOf = (path, schema, sep = ',') => scanCSV(path, { hasHeader: false, sep, quoteChar: '\u0002', schema });
const texts = (...names) => Object.fromEntries(names.map((name) => [name, polars.String]));
const visits = {
  ...texts('sourceIP', 'destURL', 'visitDate'),
  adRevenue: polars.Float64,
  ...texts('userAgent', 'countryCode', 'languageCode', 'searchWord'),
  duration: polars.Int32,
};
const pages = { pageURL: polars.String, pageRank: polars.Int32, avgDuration: polars.Int32 };
const hot = { key: polars.String, value: polars.Float64, ...texts('session', 'path', 'region', 'device') };

const queries = {
  'word-count': () =>
    linesOf(first).select(col('line').str.split(' ').alias('word')).explode('word').groupBy('word').agg(len().alias('count')),
  'csv-sum': () =>
    tableOf(first, visits)
      .select(col('sourceIP').str.slice(0, 6).alias('prefix'), col('adRevenue'))
      .groupBy('prefix')
      .agg(col('adRevenue').sum()),
  join: () =>
    tableOf(first, visits)
      .filter(
        col('visitDate')
          .gtEq(lit('2021-01-01'))
          .and(col('visitDate').lt(lit('2024-01-01'))),
      )
      .select('sourceIP', 'destURL', 'adRevenue')
      .join(tableOf(second, pages).select('pageURL', 'pageRank'), { leftOn: 'destURL', rightOn: 'pageURL', how: 'inner' })
      .groupBy('sourceIP')
      .agg(col('adRevenue').sum(), col('pageRank').mean())
      .sort(col('adRevenue'), true)
      .limit(10),
  sort: () => linesOf(first).sort('line'),
  median: () => tableOf(first, hot).groupBy('key').agg(col('value').median()),
  grep: () =>
    linesOf(first)
      .filter(col('line').str.contains(second, true))
      .select(len().alias('count'))
      .select(lit(second).alias('needle'), col('count')),
};

queries[workload]()
  .sinkCSV(output, { includeHeader: false, separator: '\t', quoteStyle: 'never' })
  .collectSync({ engine: 'streaming' });
