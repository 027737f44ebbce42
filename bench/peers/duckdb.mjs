// SQL as a good user of DuckDB writes it: columns named and typed, nothing sniffed, two threads, the result copied to a file.
import { DuckDBInstance } from '@duckdb/node-api';

const [workload, output, first, second] = process.argv.slice(2);
const quote = (text) => `'${text.replaceAll("'", "''")}'`;
const linesOf = (path) =>
  `read_csv(${quote(path)}, columns = {'line': 'VARCHAR'}, auto_detect = false, header = false, delim = '\\x01', quote = '', escape = '')`;
const tableOf = (path, columns) =>
  `read_csv(${quote(path)}, columns = {${columns}}, auto_detect = false, header = false, delim = ',', quote = '', escape = '')`;
const visits = `'sourceIP': 'VARCHAR', 'destURL': 'VARCHAR', 'visitDate': 'DATE', 'adRevenue': 'DOUBLE', 'userAgent': 'VARCHAR',
  'countryCode': 'VARCHAR', 'languageCode': 'VARCHAR', 'searchWord': 'VARCHAR', 'duration': 'INTEGER'`;
const pages = `'pageURL': 'VARCHAR', 'pageRank': 'INTEGER', 'avgDuration': 'INTEGER'`;
const hot = `'key': 'VARCHAR', 'value': 'DOUBLE', 'session': 'VARCHAR', 'path': 'VARCHAR', 'region': 'VARCHAR', 'device': 'VARCHAR'`;

const queries = {
  'word-count': () =>
    `SELECT word, count(*) FROM (SELECT unnest(string_split(line, ' ')) AS word FROM ${linesOf(first)}) GROUP BY word`,
  'csv-sum': () => `SELECT substr(sourceIP, 1, 6) AS prefix, sum(adRevenue) FROM ${tableOf(first, visits)} GROUP BY prefix`,
  join: () => `SELECT sourceIP, sum(adRevenue) AS revenue, avg(pageRank)
    FROM ${tableOf(first, visits)} JOIN ${tableOf(second, pages)} ON destURL = pageURL
    WHERE visitDate >= DATE '2021-01-01' AND visitDate < DATE '2024-01-01' GROUP BY sourceIP ORDER BY revenue DESC LIMIT 10`,
  sort: () => `SELECT line FROM ${linesOf(first)} ORDER BY line`,
  median: () => `SELECT key, median(value) FROM ${tableOf(first, hot)} GROUP BY key`,
  grep: () => `SELECT ${quote(second)}, count(*) FROM ${linesOf(first)} WHERE contains(line, ${quote(second)})`,
};

const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
const connection = await instance.connect();
if (workload !== 'sort') await connection.run('SET preserve_insertion_order = false');
await connection.run(
  `COPY (${queries[workload]()}) TO ${quote(output)} (FORMAT csv, HEADER false, DELIMITER '\t', QUOTE '', ESCAPE '')`,
);
