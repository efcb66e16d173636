// What every TypeScript client does, whichever program has generated it. Needs EVENTS_URL and EVENTS_KEY.
import assert from "node:assert/strict";

export const url = process.env.EVENTS_URL!;
export const key = process.env.EVENTS_KEY!;

export interface Fields {
  eventId: string;
  title: string;
  description: string;
  date: string;
  location: string;
  capacity: number;
  organizer: string;
  status: string;
}
export interface Filters {
  status?: string[];
  from?: string;
  to?: string;
  q?: string;
  order?: "date" | "-date";
  limit?: number;
  cursor?: string;
}
export interface Result<Body> {
  status: number;
  body: Body;
  headers: Headers;
}
// A body can be an error instead: the status says so.
export interface Client {
  create(event: Fields): Promise<Result<unknown>>;
  read(eventId: string): Promise<Result<unknown>>;
  list(filters: Filters): Promise<Result<unknown>>;
  update(eventId: string, changes: Partial<Fields>, tag: string): Promise<Result<unknown>>;
  delete(eventId: string): Promise<Result<unknown>>;
}

const oddId = "a bü?#";
const capacities = [3_000_000_000, 10 ** 15, 2];

const codeOf = (result: Result<unknown>) => [result.status, (result.body as { code: string }).code];

// All events of a list, a page at a time.
async function follow(client: Client, filters: Filters = {}): Promise<unknown[]> {
  const found: unknown[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await client.list({ ...filters, limit: 1, cursor });
    assert.equal(page.status, 200);
    found.push(...(page.body as unknown[]));
    const next = /<([^>]*)>; *rel="next"/.exec(page.headers.get("Link") ?? "");
    if (!next) return found;
    cursor = new URL(next[1], url).searchParams.get("cursor")!;
  }
}

export async function run(client: Client): Promise<void> {
  const texts = { title: "Fête <1>", description: "", location: "Köln", organizer: "Ünal", status: "on hold" };
  const events = [oddId, "large", "small"].map((eventId, at) => ({
    eventId,
    ...texts,
    date: `2026-12-0${at + 1}`,
    capacity: capacities[at],
  }));
  for (const event of events) {
    const created = await client.create(event);
    assert.deepEqual([created.status, created.body], [201, event]);
  }
  assert.deepEqual(codeOf(await client.create(events[0])), [409, "event_exists"]);

  const read = await client.read(oddId);
  assert.deepEqual([read.status, read.body], [200, events[0]]);
  assert.ok(read.headers.get("X-Request-Id"));
  const tag = read.headers.get("ETag")!;

  assert.deepEqual((await client.list({})).body, events);
  assert.deepEqual(await follow(client), events);
  const filters: Filters = { status: ["active", "on hold"], from: "2026-12-02", to: "2026-12-03", q: "fete unal" };
  filters.order = "-date";
  assert.deepEqual((await client.list(filters)).body, [events[2], events[1]]);
  assert.deepEqual(await follow(client, filters), [events[2], events[1]]);
  assert.deepEqual((await client.list({ status: ["active"] })).body, []);

  const changed = await client.update(oddId, { capacity: capacities[1] }, tag);
  assert.deepEqual([changed.status, changed.body], [200, { ...events[0], capacity: capacities[1] }]);
  assert.deepEqual(codeOf(await client.update(oddId, { capacity: 1 }, tag)), [412, "revision_mismatch"]);

  assert.equal((await client.delete(oddId)).status, 204);
  assert.deepEqual(codeOf(await client.read(oddId)), [404, "event_not_found"]);
}
