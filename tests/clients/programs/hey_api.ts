import { createClient } from "./client/client";
import {
  createEvent,
  deleteEvent,
  getEvent,
  listChanges,
  listEventHistory,
  listEvents,
  patchEvent,
  restoreEvent,
  undoChange,
  updateEvent,
} from "./client";
import { key, run, url } from "./scenario";

const client = createClient({ baseUrl: url, auth: key });

type Sent<Body> = { data?: Body; error?: unknown; response?: Response };
const result = <Body>({ data, error, response }: Sent<Body>) => ({
  status: response!.status,
  body: (response!.ok ? data : error) as Body,
  headers: response!.headers,
});

run({
  create: async (body) => result(await createEvent({ client, body })),
  read: async (eventId) => result(await getEvent({ client, path: { eventId } })),
  list: async (query) => result(await listEvents({ client, query })),
  update: async (eventId, body, tag) =>
    result(await updateEvent({ client, path: { eventId }, body, headers: { "If-Match": tag } })),
  patch: async (eventId, body, tag) =>
    result(await patchEvent({ client, path: { eventId }, body, headers: { "If-Match": tag } })),
  history: async (eventId) => result(await listEventHistory({ client, path: { eventId } })),
  restore: async (eventId, version, tag) =>
    result(await restoreEvent({ client, path: { eventId }, body: { version }, headers: { "If-Match": tag } })),
  undo: async (eventId, tag) => result(await undoChange({ client, path: { eventId }, headers: { "If-Match": tag } })),
  delete: async (eventId) => result(await deleteEvent({ client, path: { eventId } })),
  changes: async (query) => result(await listChanges({ client, query })),
});
