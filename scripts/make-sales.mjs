/**
 * Makes examples/weekly-sales/sales.csv and weekly-totals.csv: invented sales of an invented maker of office furniture,
 * always the same for the same seed. Run it with `node scripts/make-sales.mjs [SEED] [FOLDER]`; the result is committed.
 */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const example = join(dirname(dirname(fileURLToPath(import.meta.url))), 'examples', 'weekly-sales');
const folder = process.argv[3] ?? example;
const seed = Number(process.argv[2] ?? 110);
const firstMonday = Date.UTC(2026, 7, 24);
const weeks = 13;
const dayMs = 86_400_000;

/** `weight` is the share of orders; `growth` is what a week adds to it. */
const regions = [
  { name: 'North', weight: 1.1, growth: 0.0 },
  { name: 'South', weight: 1.0, growth: 0.01 },
  { name: 'East', weight: 0.7, growth: 0.05 },
  { name: 'West', weight: 0.9, growth: -0.025 },
];
const products = [
  { name: 'Standing desk', price: 549, weight: 0.7, unitsMax: 6 },
  { name: 'Office chair', price: 289, weight: 1.2, unitsMax: 12 },
  { name: 'Monitor arm', price: 119, weight: 1.3, unitsMax: 16 },
  { name: 'Desk lamp', price: 64, weight: 1.5, unitsMax: 24 },
  { name: 'Footrest', price: 39, weight: 0.8, unitsMax: 20 },
];
const channels = [
  { name: 'Online', weight: 1.4, discount: 0 },
  { name: 'Shop', weight: 0.9, discount: 0 },
  { name: 'Partner', weight: 0.7, discount: 0.12 },
];

const random = newRandom(seed);
const rows = makeRows();
writeFileSync(
  join(folder, 'sales.csv'),
  printCsv('order,date,region,channel,product,units,unit_price_eur', rows.map(printRow)),
);
writeFileSync(
  join(folder, 'weekly-totals.csv'),
  printCsv('week_starting,orders,revenue_eur', totalsBeforeLastWeek(rows)),
);
console.log(`${rows.length} orders, seed ${seed}`);

function makeRows() {
  const made = [];
  for (let week = 0; week < weeks; week += 1) {
    const orders = 23 + Math.round(week * 0.5 + random() * 6);
    for (let order = 0; order < orders; order += 1) made.push(makeOrder(week));
  }
  made.sort((a, b) => a.at - b.at);
  for (const [index, order] of made.entries()) order.id = `A-${20_411 + index}`;
  // What real exports have: two orders without a price, and one order that came twice.
  made[Math.floor(made.length * 0.42)].price = '';
  made[made.length - 9].price = '';
  made.splice(made.length - 20, 0, { ...made[made.length - 20] });
  return made;
}

function makeOrder(week) {
  const region = pick(regions, (entry) => entry.weight * (1 + entry.growth * week));
  const product = pick(products, (entry) => entry.weight);
  const channel = pick(channels, (entry) => entry.weight);
  // Offices order on weekdays; a little comes in at weekends.
  const day = random() < 0.9 ? Math.floor(random() * 5) : 5 + Math.floor(random() * 2);
  return {
    at: firstMonday + (week * 7 + day) * dayMs,
    region: region.name,
    channel: channel.name,
    product: product.name,
    units: 1 + Math.floor(random() ** 2 * product.unitsMax),
    price: (product.price * (1 - channel.discount)).toFixed(2),
  };
}

/** What somebody kept by hand until now: one line for each week but the last. */
function totalsBeforeLastWeek(all) {
  const seen = new Set();
  const weekly = new Map();
  for (const row of all) {
    if (row.price === '' || seen.has(row.id)) continue;
    seen.add(row.id);
    const week = Math.floor((row.at - firstMonday) / (7 * dayMs));
    const total = weekly.get(week) ?? { orders: 0, cents: 0 };
    weekly.set(week, {
      orders: total.orders + 1,
      cents: total.cents + row.units * Math.round(row.price * 100),
    });
  }
  weekly.delete(weeks - 1);
  return [...weekly].map(([week, total]) => {
    return `${printDate(firstMonday + week * 7 * dayMs)},${total.orders},${(total.cents / 100).toFixed(2)}`;
  });
}

function printRow(row) {
  return [row.id, printDate(row.at), row.region, row.channel, row.product, row.units, row.price].join(',');
}

function printCsv(head, lines) {
  return `${[head, ...lines].join('\n')}\n`;
}

function printDate(at) {
  return new Date(at).toISOString().slice(0, 10);
}

function pick(entries, weigh) {
  let left = random() * entries.reduce((sum, entry) => sum + weigh(entry), 0);
  for (const entry of entries) {
    left -= weigh(entry);
    if (left < 0) return entry;
  }
  return entries[entries.length - 1];
}

/** A small generator (xorshift, 32 bits) whose numbers are the same on every machine. */
function newRandom(start) {
  let state = start | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
