import createClient from "openapi-fetch";
import type { paths } from "./client/schema";
import { key, run, url } from "./scenario";

const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${key}` } });

type Sent = { data?: unknown; error?: unknown; response: Response };
const result = ({ data, error, response }: Sent) => ({
  status: response.status,
  body: response.ok ? data : error,
  headers: response.headers,
});

run({
  create: async (body) => result(await client.POST("/events", { body })),
  read: async (eventId) => result(await client.GET("/events/{eventId}", { params: { path: { eventId } } })),
  list: async (query) => result(await client.GET("/events", { params: { query } })),
  update: async (eventId, body, tag) =>
    result(
      await client.PUT("/events/{eventId}", { params: { path: { eventId }, header: { "If-Match": tag } }, body }),
    ),
  delete: async (eventId) => result(await client.DELETE("/events/{eventId}", { params: { path: { eventId } } })),
});
