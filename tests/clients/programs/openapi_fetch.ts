import createClient from "openapi-fetch";
import type { paths } from "./client/schema";
import { key, run, url } from "./scenario";

const client = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${key}` } });

type Sent<Body> = { data?: Body; error?: unknown; response: Response };
const result = <Body>({ data, error, response }: Sent<Body>) => ({
  status: response.status,
  body: (response.ok ? data : error) as Body,
  headers: response.headers,
});

const at = (eventId: string, tag?: string) => ({ params: { path: { eventId }, header: { "If-Match": tag } } });

run({
  create: async (body) => result(await client.POST("/events", { body })),
  read: async (eventId) => result(await client.GET("/events/{eventId}", at(eventId))),
  list: async (query) => result(await client.GET("/events", { params: { query } })),
  update: async (eventId, body, tag) =>
    result(await client.PUT("/events/{eventId}", { ...at(eventId, tag), body })),
  patch: async (eventId, body, tag) =>
    result(await client.PATCH("/events/{eventId}", { ...at(eventId, tag), body })),
  history: async (eventId) => result(await client.GET("/events/{eventId}/history", at(eventId))),
  restore: async (eventId, version, tag) =>
    result(await client.POST("/events/{eventId}/restore", { ...at(eventId, tag), body: { version } })),
  undo: async (eventId, tag) => result(await client.POST("/events/{eventId}/undo", at(eventId, tag))),
  delete: async (eventId) => result(await client.DELETE("/events/{eventId}", at(eventId))),
  changes: async (query) => result(await client.GET("/changes", { params: { query } })),
});
