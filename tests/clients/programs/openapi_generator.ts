import {
  ChangesApi,
  ChangesToJSON,
  Configuration,
  EventToJSON,
  EventsApi,
  HistoryApi,
  HistoryEntryToJSON,
  ResponseError,
} from "./client";
import { key, run, url } from "./scenario";

const configuration = new Configuration({ basePath: url, accessToken: key });
const site = new EventsApi(configuration);
const history = new HistoryApi(configuration);

type Sent<Body> = { raw: Response; value(): Promise<Body> };
async function result<Body>(call: Promise<Sent<Body>>, asJson = (value: Body): any => value) {
  try {
    const response = await call;
    return { status: response.raw.status, body: asJson(await response.value()), headers: response.raw.headers };
  } catch (error) {
    if (!(error instanceof ResponseError)) throw error;
    const { response } = error;
    return { status: response.status, body: await response.json(), headers: response.headers };
  }
}
const day = (text?: string) => (text === undefined ? undefined : new Date(text));

run({
  create: ({ date, ...event }) =>
    result(site.createEventRaw({ createEvent: { ...event, date: new Date(date) } }), EventToJSON),
  read: (eventId) => result(site.getEventRaw({ eventId }), EventToJSON),
  list: ({ from, to, ...filters }) =>
    result(site.listEventsRaw({ ...filters, from: day(from), to: day(to) }), (events) => events.map(EventToJSON)),
  update: (eventId, { date, ...changes }, ifMatch) =>
    result(site.updateEventRaw({ eventId, updateEvent: { ...changes, date: day(date) }, ifMatch }), EventToJSON),
  patch: (eventId, { date, ...changes }, ifMatch) =>
    result(site.patchEventRaw({ eventId, updateEvent: { ...changes, date: day(date) }, ifMatch }), EventToJSON),
  history: (eventId) =>
    result(history.listEventHistoryRaw({ eventId }), (entries) => entries.map(HistoryEntryToJSON)),
  restore: (eventId, version, ifMatch) =>
    result(history.restoreEventRaw({ eventId, versionToRestore: { version }, ifMatch }), EventToJSON),
  undo: (eventId, ifMatch) => result(history.undoChangeRaw({ eventId, ifMatch }), EventToJSON),
  delete: (eventId) => result(site.deleteEventRaw({ eventId })),
  changes: (query) => result(new ChangesApi(configuration).listChangesRaw(query), ChangesToJSON),
});
