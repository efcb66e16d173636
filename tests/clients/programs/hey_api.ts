import { createClient } from "./client/client";
import { createEvent, deleteEvent, getEvent, listEvents, updateEvent } from "./client";
import { key, run, url } from "./scenario";

const client = createClient({ baseUrl: url, auth: key });

type Sent = { data?: unknown; error?: unknown; response?: Response };
const result = ({ data, error, response }: Sent) => ({
  status: response!.status,
  body: response!.ok ? data : error,
  headers: response!.headers,
});

run({
  create: async (body) => result(await createEvent({ client, body })),
  read: async (eventId) => result(await getEvent({ client, path: { eventId } })),
  list: async (query) => result(await listEvents({ client, query })),
  update: async (eventId, body, tag) =>
    result(await updateEvent({ client, path: { eventId }, body, headers: { "If-Match": tag } })),
  delete: async (eventId) => result(await deleteEvent({ client, path: { eventId } })),
});
