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
export interface Changes {
  changes: { eventId: string; action: string; event: Fields | null }[];
  next: string;
}
export interface HistoryEntry {
  version: string;
  action: string;
  changes: {
    title?: { before: string | null; after: string | null };
    capacity?: { before: number | null; after: number | null };
  };
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
  patch(eventId: string, changes: Partial<Fields>, tag: string): Promise<Result<unknown>>;
  history(eventId: string): Promise<Result<HistoryEntry[]>>;
  restore(eventId: string, version: string, tag: string): Promise<Result<unknown>>;
  undo(eventId: string, tag: string): Promise<Result<unknown>>; // without a body: the tag names the change
  delete(eventId: string): Promise<Result<unknown>>;
  changes(query: { after?: string; from?: "start"; limit?: number }): Promise<Result<Changes>>;
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

// All changes with their events, a few at a time, and the last token.
async function followChanges(client: Client, query: { after?: string; from?: "start" }) {
  const found: unknown[] = [];
  for (;;) {
    const { changes, next } = (await client.changes({ ...query, limit: 3 })).body;
    assert.ok(changes.length <= 3);
    found.push(...changes.map(({ eventId, action, event }) => [eventId, action, event]));
    if (next === query.after) return { changes: found, token: next };
    query = { after: next };
  }
}

export async function run(client: Client): Promise<void> {
  const begin = await client.changes({});
  assert.deepEqual([begin.status, begin.body.changes], [200, []]);

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

  const tagOf = (result: Result<unknown>) => result.headers.get("ETag")!;
  const larger = { ...events[0], capacity: capacities[1] };
  const changed = await client.update(oddId, { capacity: capacities[1] }, tag);
  assert.deepEqual([changed.status, changed.body], [200, larger]);
  assert.deepEqual(codeOf(await client.update(oddId, { capacity: 1 }, tag)), [412, "revision_mismatch"]);

  const renamed = { ...larger, title: "Été" };
  const patched = await client.patch(oddId, { title: "Été" }, tagOf(changed));
  assert.deepEqual([patched.status, patched.body], [200, renamed]);
  const history = (await client.history(oddId)).body;
  assert.deepEqual(history.map(({ action }) => action), ["update", "update", "create"]);
  assert.deepEqual(history[0].changes.title, { before: texts.title, after: "Été" });
  assert.equal(history[0].changes.capacity, undefined);
  assert.deepEqual(history[2].changes.capacity, { before: null, after: capacities[0] });
  const undone = await client.undo(oddId, tagOf(patched));
  assert.deepEqual([undone.status, undone.body], [200, larger]);
  assert.deepEqual(codeOf(await client.undo(oddId, tagOf(changed))), [412, "revision_mismatch"]);
  const restored = await client.restore(oddId, history[2].version, tagOf(undone));
  assert.deepEqual([restored.status, restored.body], [200, events[0]]);

  assert.equal((await client.delete(oddId)).status, 204);
  assert.deepEqual(codeOf(await client.read(oddId)), [404, "event_not_found"]);

  const expected = [
    ...events.map((event) => [event.eventId, "create", event]),
    [oddId, "update", larger],
    [oddId, "update", renamed],
    [oddId, "restore", larger],
    [oddId, "restore", events[0]],
    [oddId, "delete", null],
  ];
  assert.deepEqual((await followChanges(client, { from: "start" })).changes, expected);
  const { changes, token } = await followChanges(client, { after: begin.body.next });
  assert.deepEqual(changes, expected);
  assert.deepEqual((await client.changes({ after: token })).body, { changes: [], next: token });
}
