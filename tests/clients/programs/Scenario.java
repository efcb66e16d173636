import client.ApiClient;
import client.ApiException;
import client.ApiResponse;
import client.api.EventsApi;
import client.model.CreateEvent;
import client.model.Event;
import client.model.UpdateEvent;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the Java client does. Needs EVENTS_URL and EVENTS_KEY. */
public class Scenario {
  static final String ODD_ID = "a bü?#";
  static final Pattern NEXT = Pattern.compile("[?&]cursor=([^&>]*)[^>]*>; *rel=\"next\"");

  static EventsApi site;

  interface Call {
    Object send() throws ApiException;
  }

  static void same(Object found, Object expected) {
    if (!expected.equals(found)) throw new AssertionError(found + " instead of " + expected);
  }

  static void refused(int status, String code, Call call) {
    try {
      call.send();
    } catch (ApiException error) {
      same(error.getCode(), status);
      same(error.getResponseBody().contains("\"code\":\"" + code + "\""), true);
      return;
    }
    throw new AssertionError("not refused with " + status);
  }

  static EventsApi.APIListEventsRequest.Builder filters() {
    return EventsApi.APIListEventsRequest.newBuilder();
  }

  static EventsApi.APIListEventsRequest.Builder later() {
    return filters().status(List.of("active", "on hold")).from(LocalDate.of(2026, 12, 2))
        .to(LocalDate.of(2026, 12, 3)).q("fete unal").order("-date");
  }

  /** All events of a list, a page at a time. */
  static List<Event> follow(EventsApi.APIListEventsRequest.Builder filters) throws ApiException {
    List<Event> found = new ArrayList<>();
    while (true) {
      ApiResponse<List<Event>> page = site.listEventsWithHttpInfo(filters.limit(1).build());
      found.addAll(page.getData());
      Matcher next = NEXT.matcher(String.join(",", page.getHeaders().getOrDefault("link", List.of())));
      if (!next.find()) return found;
      filters.cursor(next.group(1));
    }
  }

  static ApiResponse<Event> read(String id) throws ApiException {
    return site.getEventWithHttpInfo(EventsApi.APIGetEventRequest.newBuilder().eventId(id).build());
  }

  static Event update(long capacity, String tag) throws ApiException {
    UpdateEvent changes = new UpdateEvent().capacity(capacity);
    return site.updateEvent(
        EventsApi.APIUpdateEventRequest.newBuilder().eventId(ODD_ID).updateEvent(changes).ifMatch(tag).build());
  }

  public static void main(String[] arguments) throws ApiException {
    ApiClient client = new ApiClient();
    client.updateBaseUri(System.getenv("EVENTS_URL"));
    String key = "Bearer " + System.getenv("EVENTS_KEY");
    client.setRequestInterceptor(request -> request.header("Authorization", key));
    site = new EventsApi(client);

    List<Event> events = new ArrayList<>();
    String[] ids = {ODD_ID, "large", "small"};
    long[] capacities = {3_000_000_000L, 1_000_000_000_000_000L, 2};
    for (int at = 0; at < ids.length; at++) {
      CreateEvent body = new CreateEvent().eventId(ids[at]).title("Fête <1>").description("")
          .date(LocalDate.of(2026, 12, at + 1)).location("Köln").capacity(capacities[at]).organizer("Ünal")
          .status("on hold");
      var request = EventsApi.APICreateEventRequest.newBuilder().createEvent(body).build();
      ApiResponse<Event> created = site.createEventWithHttpInfo(request);
      same(created.getStatusCode(), 201);
      same(created.getData().getEventId(), ids[at]);
      same(created.getData().getCapacity(), capacities[at]);
      events.add(created.getData());
      if (at == 0) refused(409, "event_exists", () -> site.createEvent(request));
    }

    ApiResponse<Event> read = read(ODD_ID);
    same(read.getData(), events.get(0));
    same(read.getHeaders().containsKey("x-request-id"), true);
    String tag = read.getHeaders().get("etag").get(0);

    same(site.listEvents(filters().build()), events);
    same(follow(filters()), events);
    same(site.listEvents(later().build()), List.of(events.get(2), events.get(1)));
    same(follow(later()), List.of(events.get(2), events.get(1)));
    same(site.listEvents(filters().status(List.of("active")).build()), List.of());

    same(update(capacities[1], tag), events.get(0).capacity(capacities[1]));
    refused(412, "revision_mismatch", () -> update(1, tag));

    var deletion = EventsApi.APIDeleteEventRequest.newBuilder().eventId(ODD_ID).build();
    same(site.deleteEventWithHttpInfo(deletion).getStatusCode(), 204);
    refused(404, "event_not_found", () -> read(ODD_ID));
  }
}
