import { Configuration, EventToJSON, EventsApi, ResponseError } from "./client";
import { key, run, url } from "./scenario";

const site = new EventsApi(new Configuration({ basePath: url, accessToken: key }));

type Sent = { raw: Response; value(): Promise<unknown> };
async function result(call: Promise<Sent>, asJson = (value: any): unknown => value) {
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
  delete: (eventId) => result(site.deleteEventRaw({ eventId })),
});
