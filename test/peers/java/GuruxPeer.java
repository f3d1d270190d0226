import com.google.gson.Gson;
import gurux.dlms.GXByteBuffer;
import gurux.dlms.GXDLMSClient;
import gurux.dlms.GXDateTime;
import gurux.dlms.GXReplyData;
import gurux.dlms.enums.Authentication;
import gurux.dlms.enums.InterfaceType;
import gurux.dlms.objects.GXDLMSAssociationLogicalName;
import gurux.dlms.objects.GXDLMSCaptureObject;
import gurux.dlms.objects.GXDLMSClock;
import gurux.dlms.objects.GXDLMSData;
import gurux.dlms.objects.GXDLMSObject;
import gurux.dlms.objects.GXDLMSProfileGeneric;
import gurux.dlms.objects.GXDLMSRegister;
import gurux.dlms.objects.GXDLMSSapAssignment;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Map.Entry;

/**
 * Reads a meter with Gurux DLMS for Java, a DLMS client that this project did not write.
 *
 * <p>usage: GuruxPeer HOST PORT SECRET. Prints one JSON object; exits with 1 on any failure.
 */
final class GuruxPeer {
  private static final int TIMEOUT_MS = 10_000;
  private static final int MOST_BLOCKS = 100_000;
  private static final int LARGEST_PDU = 0xffff;

  private final GXDLMSClient client;
  private final Socket socket = new Socket();

  private GuruxPeer(String host, int port, int sap, String secret, int largestPdu) throws IOException {
    Authentication level = secret == null ? Authentication.NONE : Authentication.LOW;
    client = new GXDLMSClient(true, sap, 1, level, secret, InterfaceType.WRAPPER);
    client.setMaxReceivePDUSize(largestPdu);
    socket.connect(new InetSocketAddress(host, port), TIMEOUT_MS);
    socket.setSoTimeout(TIMEOUT_MS);
  }

  /** Sends one frame and receives until the client has a complete frame. */
  private void exchange(byte[] request, GXReplyData reply) throws Exception {
    socket.getOutputStream().write(request);
    GXByteBuffer received = new GXByteBuffer();
    byte[] chunk = new byte[0x10000];
    do {
      int count = socket.getInputStream().read(chunk);
      if (count < 0) throw new EOFException("connection closed by the meter");
      received.set(chunk, 0, count);
      received.position(0);
    } while (!client.getData(received, reply));
    if (reply.getError() != 0) throw new IOException("meter error " + reply.getError());
  }

  private GXReplyData request(byte[]... frames) throws Exception {
    GXReplyData reply = new GXReplyData();
    for (byte[] frame : frames) {
      reply.clear();
      exchange(frame, reply);
      for (int block = 0; reply.isMoreData() && block < MOST_BLOCKS; block++) exchange(client.receiverReady(reply), reply);
    }
    return reply;
  }

  private GuruxPeer open() throws Exception {
    client.parseAareResponse(request(client.aarqRequest()).getData());
    return this;
  }

  private void release() throws Exception {
    request(client.releaseRequest());
  }

  private void read(GXDLMSObject target, int... attributes) throws Exception {
    for (int attribute : attributes) client.updateValue(target, attribute, request(client.read(target, attribute)).getValue());
  }

  private List<List<Object>> objects() throws Exception {
    List<List<Object>> objects = new ArrayList<>();
    for (GXDLMSObject object : client.parseObjects(request(client.getObjectsRequest()).getData(), true)) {
      objects.add(List.of(object.getObjectType().getValue(), object.getLogicalName()));
    }
    return objects;
  }

  private static String text(Object value) {
    return value instanceof byte[] bytes ? new String(bytes, StandardCharsets.US_ASCII) : String.valueOf(value);
  }

  /** A date-time as the instant it means. */
  private static String moment(GXDateTime time) {
    return time.getMeterCalendar().toInstant().toString();
  }

  private List<List<Object>> rows(GXDLMSProfileGeneric profile, byte[][] frames) throws Exception {
    client.updateValue(profile, 2, request(frames).getValue());
    List<List<Object>> rows = new ArrayList<>();
    for (Object row : profile.getBuffer()) {
      List<Object> cells = new ArrayList<>();
      for (Object cell : (Object[]) row) cells.add(cell instanceof GXDateTime time ? moment(time) : ((Number) cell).longValue());
      rows.add(cells);
    }
    return rows;
  }

  private static void same(String what, Object got, Object wanted) throws IOException {
    if (!got.equals(wanted)) throw new IOException(what + ": " + got + " is not " + wanted);
  }

  private Map<String, Object> readProfile() throws Exception {
    GXDLMSProfileGeneric profile = new GXDLMSProfileGeneric("1.0.99.1.0.255");
    read(profile, 3, 4, 5, 6, 7, 8);
    // The client overwrites what it has read with the number of rows of each reading.
    int entriesInUse = profile.getEntriesInUse();
    List<List<Object>> everything = rows(profile, client.read(profile, 2));
    int count = everything.size();
    List<List<Object>> six = everything.subList(count - 8, count - 2);
    Date from = Date.from(Instant.parse((String) six.get(0).get(0))), to = Date.from(Instant.parse((String) six.get(5).get(0)));
    List<List<Object>> byRange = rows(profile, client.readRowsByRange(profile, new GXDateTime(from), new GXDateTime(to)));
    same("range", byRange, six);
    List<List<Object>> byEntry = rows(profile, client.readRowsByEntry(profile, 2, 3));
    same("entries", byEntry, everything.subList(1, 4));
    // Columns by entry only: in a range this client sends their data_index as long, where IEC 62056-6-2 clause 4.3.6 has long-unsigned.
    List<Entry<GXDLMSObject, GXDLMSCaptureObject>> captured = profile.getCaptureObjects();
    List<?> two = (List<?>) request(client.readRowsByEntry(profile, 2, 3, captured.subList(0, 2))).getValue();
    same("rows of two columns", two.size(), 3);
    for (Object row : two) same("selected columns", ((List<?>) row).size(), 2);
    List<List<Object>> columns = new ArrayList<>();
    for (Entry<GXDLMSObject, GXDLMSCaptureObject> item : captured) {
      GXDLMSObject object = item.getKey();
      columns.add(List.of(object.getObjectType().getValue(), object.getLogicalName(), item.getValue().getAttributeIndex()));
    }
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("columns", columns);
    result.put("capturePeriod", profile.getCapturePeriod());
    result.put("entriesInUse", entriesInUse);
    result.put("rows", count);
    result.put("byRange", byRange);
    result.put("byEntry", byEntry);
    return result;
  }

  private List<Object> register(String name) throws Exception {
    GXDLMSRegister register = new GXDLMSRegister(name);
    read(register, 3, 2);
    double value = ((Number) register.getValue()).doubleValue();
    return List.of(Math.round(value * 1e6) / 1e6, register.getUnit().getValue());
  }

  /** The same values with one GET of a list. */
  private List<Object> readList() throws Exception {
    GXDLMSData name = new GXDLMSData("0.0.42.0.0.255");
    GXDLMSRegister energy = new GXDLMSRegister("1.0.1.8.0.255");
    List<Entry<GXDLMSObject, Integer>> items = List.of(Map.entry(name, 2), Map.entry(energy, 3), Map.entry(energy, 2));
    List<Object> values = new ArrayList<>();
    for (byte[] frame : client.readList(items)) values.addAll((List<?>) request(frame).getValue());
    client.updateValues(items, values);
    return List.of(text(name.getValue()), ((Number) energy.getValue()).longValue(), energy.getUnit().getValue());
  }

  private Map<String, Object> readPublic() throws Exception {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("objects", objects());
    GXDLMSData name = new GXDLMSData("0.0.42.0.0.255");
    read(name, 2);
    result.put("name", text(name.getValue()));
    return result;
  }

  private Map<String, Object> readAll() throws Exception {
    Map<String, Object> result = readPublic();
    GXDLMSAssociationLogicalName association = new GXDLMSAssociationLogicalName("0.0.40.0.0.255");
    read(association, 3, 4, 5, 6, 8, 9);
    result.put("partners", List.of(association.getClientSAP(), association.getServerSAP()));
    GXDLMSSapAssignment assignment = new GXDLMSSapAssignment("0.0.41.0.0.255");
    read(assignment, 2);
    List<List<Object>> saps = new ArrayList<>();
    for (Entry<Integer, String> device : assignment.getSapAssignmentList()) saps.add(List.of(device.getKey(), device.getValue()));
    result.put("saps", saps);
    GXDLMSClock clock = new GXDLMSClock("0.0.1.0.0.255");
    read(clock, 2, 3, 4, 5, 6, 7, 8, 9);
    result.put("clock", moment(clock.getTime()));
    result.put("energy", register("1.0.1.8.0.255"));
    result.put("voltage", register("1.0.32.7.0.255"));
    result.put("list", readList());
    result.put("profile", readProfile());
    GXDLMSProfileGeneric log = new GXDLMSProfileGeneric("0.0.99.98.0.255");
    if (((List<?>) result.get("objects")).contains(Arrays.asList((Object) 7, log.getLogicalName()))) {
      read(log, 3);
      result.put("events", rows(log, client.read(log, 2)));
    }
    return result;
  }

  /** A wrong secret must not open an association. */
  private static String refused(GuruxPeer peer) throws Exception {
    try (peer.socket) {
      peer.open();
    } catch (Exception error) { // the client has its own exception for each way to refuse
      return error.getMessage();
    }
    throw new IOException("a wrong secret was accepted");
  }

  private interface Reading {
    Map<String, Object> read(GuruxPeer peer) throws Exception;
  }

  private static Map<String, Object> session(GuruxPeer peer, Reading reading) throws Exception {
    try (peer.socket) {
      Map<String, Object> result = reading.read(peer.open());
      peer.release();
      return result;
    }
  }

  public static void main(String[] words) throws Exception {
    String host = words[0], secret = words[2];
    int port = Integer.parseInt(words[1]);
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("client", "gurux-java");
    result.put("public", session(new GuruxPeer(host, port, 16, null, LARGEST_PDU), GuruxPeer::readPublic));
    result.put("reading", session(new GuruxPeer(host, port, 17, secret, LARGEST_PDU), GuruxPeer::readAll));
    result.put("smallPdu", session(new GuruxPeer(host, port, 17, secret, 128), GuruxPeer::readAll));
    result.put("refused", refused(new GuruxPeer(host, port, 17, "x" + secret, LARGEST_PDU)));
    System.out.println(new Gson().toJson(result));
  }
}
