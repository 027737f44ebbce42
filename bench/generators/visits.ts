import { Random, scatter } from './random.ts';
import { asciiBytes, type RowWriter } from './row-writer.ts';
import { makeWords } from './words.ts';

const COMMA = 44;
const DOT = 46;
const PAGE_ROW_BYTES = 57.8;
/** One visit in twenty is to a page that `pages` does not list. */
const UNLISTED_SHARE = 1.05;
const SOURCES = 1_500_000;

const octets = asciiBytes(Array.from({ length: 256 }, (_, octet) => `${octet}`));
const dates = asciiBytes(
  Array.from({ length: 1_826 }, (_, day) => new Date(Date.UTC(2020, 0, 1 + day)).toISOString().slice(0, 10)),
);
const countries = asciiBytes('USA DEU FRA GBR IND JPN BRA CAN ITA ESP NLD POL SWE CHE AUS KOR'.split(' '));
const languages = asciiBytes(
  'en-US de-DE fr-FR en-GB hi-IN ja-JP pt-BR en-CA it-IT es-ES nl-NL pl-PL sv-SE de-CH en-AU ko-KR'.split(' '),
);
const agents = asciiBytes(
  [
    'Mozilla/5.0 (X11; Linux)',
    'Mozilla/5.0 (Windows NT 10.0)',
    'Mozilla/5.0 (Macintosh)',
    'Opera/9.80 (Linux)',
    'curl/8.5.0',
    'Lynx/2.9',
  ].flatMap((agent) => ['rv:121.0', 'rv:115.0', 'rv:128.5', 'rv:140.1'].map((release) => `${agent} ${release}`)),
);
const hosts = makeWords(4_096);
const searchWords = makeWords(5_000);

/** Columns of `visits`, in order; no value needs quotes. */
export const visitColumns = [
  'sourceIP',
  'destURL',
  'visitDate',
  'adRevenue',
  'userAgent',
  'countryCode',
  'languageCode',
  'searchWord',
  'duration',
];

/** Pages that go with `visitsBytes` of visits: 57 MB of them with 500 MB. */
export function pageCount(visitsBytes: number): number {
  return Math.max(1, Math.round((visitsBytes * 57) / 500 / PAGE_ROW_BYTES));
}

/** Rows like a web server's log, about 130 bytes each, without a header. */
export function writeVisits(rows: RowWriter, bytes: number): void {
  const random = new Random(3);
  const urls = Math.ceil(pageCount(bytes) * UNLISTED_SHARE);
  while (rows.bytesWritten < bytes) {
    writeSource(rows, random.rank(SOURCES));
    rows.byte(COMMA);
    writeUrl(rows, random.rank(urls));
    rows.byte(COMMA);
    rows.text(dates[random.below(dates.length)]!);
    rows.byte(COMMA);
    rows.digits(random.below(500));
    rows.byte(DOT);
    rows.digits(random.below(10_000), 4);
    rows.byte(COMMA);
    rows.text(agents[random.below(agents.length)]!);
    rows.byte(COMMA);
    const country = random.below(countries.length);
    rows.text(countries[country]!);
    rows.byte(COMMA);
    rows.text(languages[country]!);
    rows.byte(COMMA);
    const word = random.rank(searchWords.count);
    rows.part(searchWords.bytes, searchWords.starts[word]!, searchWords.starts[word + 1]!);
    rows.byte(COMMA);
    rows.digits(1 + random.below(999));
    rows.endRow();
  }
}

/** pageURL,pageRank,avgDuration for every listed page, once. */
export function writePages(rows: RowWriter, visitsBytes: number): void {
  const random = new Random(4);
  const count = pageCount(visitsBytes);
  for (let page = 0; page < count; page++) {
    writeUrl(rows, page);
    rows.byte(COMMA);
    rows.digits(random.below(10_000));
    rows.byte(COMMA);
    rows.digits(1 + random.below(120));
    rows.endRow();
  }
}

function writeSource(rows: RowWriter, source: number): void {
  const address = scatter(source);
  rows.text(octets[address & 255]!);
  rows.byte(DOT);
  rows.text(octets[(address >>> 8) & 255]!);
  rows.byte(DOT);
  rows.text(octets[(address >>> 16) & 255]!);
  rows.byte(DOT);
  rows.text(octets[address >>> 24]!);
}

const urlStart = asciiBytes(['https://www.'])[0]!;
const urlEnds = asciiBytes(['.com/', '.org/', '.net/archive/', '.io/docs/']);
const html = asciiBytes(['.html'])[0]!;

/** About 50 bytes; the page's number in it makes it the page's own. */
function writeUrl(rows: RowWriter, page: number): void {
  const name = scatter(page);
  const host = name & 4_095;
  const topic = (name >>> 12) & 4_095;
  rows.text(urlStart);
  rows.part(hosts.bytes, hosts.starts[host]!, hosts.starts[host + 1]!);
  rows.text(urlEnds[name >>> 30]!);
  rows.part(hosts.bytes, hosts.starts[topic]!, hosts.starts[topic + 1]!);
  rows.byte(45);
  rows.digits(page, 7);
  rows.text(html);
}
