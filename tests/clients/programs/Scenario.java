import client.ApiClient;
import client.ApiException;
import client.ApiResponse;
import client.api.ChangesApi;
import client.api.EventsApi;
import client.api.HistoryApi;
import client.model.Change;
import client.model.ChangeToUndo;
import client.model.Changes;
import client.model.CreateEvent;
import client.model.Event;
import client.model.HistoryEntry;
import client.model.UpdateEvent;
import client.model.VersionToRestore;
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
  static HistoryApi history;
  static ChangesApi changes;

  /** A change without its time. `event`: null if the change deleted it. */
  record Step(String eventId, String action, Event event) {}

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

  static ApiResponse<Event> update(long capacity, String tag) throws ApiException {
    UpdateEvent fields = new UpdateEvent().capacity(capacity);
    return site.updateEventWithHttpInfo(
        EventsApi.APIUpdateEventRequest.newBuilder().eventId(ODD_ID).updateEvent(fields).ifMatch(tag).build());
  }

  static ApiResponse<Event> patch(String title, String tag) throws ApiException {
    UpdateEvent fields = new UpdateEvent().title(title);
    return site.patchEventWithHttpInfo(
        EventsApi.APIPatchEventRequest.newBuilder().eventId(ODD_ID).updateEvent(fields).ifMatch(tag).build());
  }

  /** With an empty body: without one, the generated code would send `null`. The tag names the change. */
  static ApiResponse<Event> undo(String tag) throws ApiException {
    return history.undoChangeWithHttpInfo(HistoryApi.APIUndoChangeRequest.newBuilder().eventId(ODD_ID)
        .changeToUndo(new ChangeToUndo()).ifMatch(tag).build());
  }

  static ApiResponse<Event> restore(String version, String tag) throws ApiException {
    return history.restoreEventWithHttpInfo(HistoryApi.APIRestoreEventRequest.newBuilder().eventId(ODD_ID)
        .versionToRestore(new VersionToRestore().version(version)).ifMatch(tag).build());
  }

  static String tagOf(ApiResponse<Event> response) {
    return response.getHeaders().get("etag").get(0);
  }

  static ChangesApi.APIListChangesRequest.Builder query() {
    return ChangesApi.APIListChangesRequest.newBuilder();
  }

  /** All changes, a few at a time. Then there are no more. */
  static List<Step> followChanges(ChangesApi.APIListChangesRequest.Builder query) throws ApiException {
    List<Step> found = new ArrayList<>();
    for (String after = null; ; ) {
      Changes page = changes.listChanges(query.limit(3).build());
      same(page.getChanges().size() <= 3, true);
      for (Change change : page.getChanges()) {
        found.add(new Step(change.getEventId(), change.getAction(), change.getEvent()));
      }
      if (page.getNext().equals(after)) return found;
      after = page.getNext();
      query = query().after(after);
    }
  }

  static Event odd(String title, long capacity) {
    return new Event().eventId(ODD_ID).title(title).description("").date(LocalDate.of(2026, 12, 1)).location("Köln")
        .capacity(capacity).organizer("Ünal").status("on hold");
  }

  public static void main(String[] arguments) throws ApiException {
    ApiClient client = new ApiClient();
    client.updateBaseUri(System.getenv("EVENTS_URL"));
    String key = "Bearer " + System.getenv("EVENTS_KEY");
    client.setRequestInterceptor(request -> request.header("Authorization", key));
    site = new EventsApi(client);
    history = new HistoryApi(client);
    changes = new ChangesApi(client);

    Changes begin = changes.listChanges(query().build());
    same(begin.getChanges(), List.of());

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

    same(site.listEvents(filters().build()), events);
    same(follow(filters()), events);
    same(site.listEvents(later().build()), List.of(events.get(2), events.get(1)));
    same(follow(later()), List.of(events.get(2), events.get(1)));
    same(site.listEvents(filters().status(List.of("active")).build()), List.of());

    Event larger = odd("Fête <1>", capacities[1]);
    ApiResponse<Event> changed = update(capacities[1], tagOf(read));
    same(changed.getData(), larger);
    refused(412, "revision_mismatch", () -> update(1, tagOf(read)));

    Event renamed = odd("Été", capacities[1]);
    ApiResponse<Event> patched = patch("Été", tagOf(changed));
    same(patched.getData(), renamed);
    List<HistoryEntry> entries = history.listEventHistory(
        HistoryApi.APIListEventHistoryRequest.newBuilder().eventId(ODD_ID).build());
    same(entries.stream().map(HistoryEntry::getAction).toList(), List.of("update", "update", "create"));
    same(entries.get(0).getChanges().getTitle().getBefore(), "Fête <1>");
    same(entries.get(0).getChanges().getTitle().getAfter(), "Été");
    same(entries.get(0).getChanges().getCapacity() == null, true);
    same(entries.get(2).getChanges().getCapacity().getBefore() == null, true);
    same(entries.get(2).getChanges().getCapacity().getAfter(), capacities[0]);
    ApiResponse<Event> undone = undo(tagOf(patched));
    same(undone.getData(), larger);
    refused(412, "revision_mismatch", () -> undo(tagOf(changed)));
    same(restore(entries.get(2).getVersion(), tagOf(undone)).getData(), events.get(0));

    var deletion = EventsApi.APIDeleteEventRequest.newBuilder().eventId(ODD_ID).build();
    same(site.deleteEventWithHttpInfo(deletion).getStatusCode(), 204);
    refused(404, "event_not_found", () -> read(ODD_ID));

    List<Step> expected = new ArrayList<>();
    for (Event event : events) expected.add(new Step(event.getEventId(), "create", event));
    expected.add(new Step(ODD_ID, "update", larger));
    expected.add(new Step(ODD_ID, "update", renamed));
    expected.add(new Step(ODD_ID, "restore", larger));
    expected.add(new Step(ODD_ID, "restore", events.get(0)));
    expected.add(new Step(ODD_ID, "delete", null));
    same(followChanges(query().from("start")), expected);
    same(followChanges(query().after(begin.getNext())), expected);
  }
}
