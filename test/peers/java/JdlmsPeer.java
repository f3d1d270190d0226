import com.google.gson.Gson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.openmuc.jdlms.AccessResultCode;
import org.openmuc.jdlms.AttributeAddress;
import org.openmuc.jdlms.AuthenticationMechanism;
import org.openmuc.jdlms.DlmsConnection;
import org.openmuc.jdlms.GetResult;
import org.openmuc.jdlms.ObisCode;
import org.openmuc.jdlms.SecuritySuite;
import org.openmuc.jdlms.SelectiveAccessDescription;
import org.openmuc.jdlms.TcpConnectionBuilder;
import org.openmuc.jdlms.datatypes.CosemDateFormat.Field;
import org.openmuc.jdlms.datatypes.CosemDateTime;
import org.openmuc.jdlms.datatypes.DataObject;

/**
 * Reads a meter with OpenMUC jDLMS, a DLMS client that this project did not write.
 *
 * <p>usage: JdlmsPeer HOST PORT SECRET. Prints one JSON object; exits with 1 on any failure.
 */
final class JdlmsPeer {
  private static final int TIMEOUT_MS = 10_000;
  private static final int DATA = 1, REGISTER = 3, PROFILE = 7, CLOCK = 8, ASSOCIATION = 15, SAP_ASSIGNMENT = 17;
  private static final int BY_RANGE = 1, BY_ENTRY = 2;
  private static final String CURRENT_ASSOCIATION = "0.0.40.0.0.255", NAME = "0.0.42.0.0.255", TIME = "0.0.1.0.0.255";
  private static final String ENERGY = "1.0.1.8.0.255", VOLTAGE = "1.0.32.7.0.255";
  private static final String LOAD_PROFILE = "1.0.99.1.0.255", EVENT_LOG = "0.0.99.98.0.255";

  private final DlmsConnection connection;

  private JdlmsPeer(DlmsConnection connection) {
    this.connection = connection;
  }

  static DlmsConnection open(String host, int port, int sap, String secret) throws IOException {
    TcpConnectionBuilder builder =
        new TcpConnectionBuilder(host).setPort(port).useWrapper().setClientId(sap).setLogicalDeviceId(1).setResponseTimeout(TIMEOUT_MS);
    if (secret != null) {
      builder.setSecuritySuite(
          SecuritySuite.builder()
              .setAuthenticationMechanism(AuthenticationMechanism.LOW)
              .setPassword(secret.getBytes(StandardCharsets.US_ASCII))
              .build());
    }
    return builder.build();
  }

  private static DataObject data(GetResult result, Object what) throws IOException {
    if (!result.requestSuccessful()) throw new IOException(what + ": " + result.getResultCode());
    return result.getResultData();
  }

  private DataObject get(int classId, String name, int attribute, SelectiveAccessDescription selection) throws IOException {
    AttributeAddress address = new AttributeAddress(classId, name, attribute, selection);
    return data(connection.get(address), address);
  }

  private DataObject get(int classId, String name, int attribute) throws IOException {
    return get(classId, name, attribute, null);
  }

  private static long number(DataObject data) {
    return data.<Number>getValue().longValue();
  }

  private static List<DataObject> items(DataObject data) {
    return data.getValue();
  }

  private static String text(DataObject data) {
    return new String(data.<byte[]>getValue(), StandardCharsets.US_ASCII);
  }

  private static String logicalName(DataObject data) {
    return new ObisCode(data.<byte[]>getValue()).asDecimalString();
  }

  /** A date-time as the instant it means. */
  private static String moment(DataObject data) {
    CosemDateTime time = CosemDateTime.decode(data.<byte[]>getValue());
    LocalDateTime local =
        LocalDateTime.of(
            time.get(Field.YEAR),
            time.get(Field.MONTH),
            time.get(Field.DAY_OF_MONTH),
            time.get(Field.HOUR),
            time.get(Field.MINUTE),
            time.get(Field.SECOND));
    // Deviation is local time to UTC in minutes: its sign is the other way round than that of an offset (Blue Book, 4.1.6.1).
    return local.plusMinutes((short) time.get(Field.DEVIATION)).toInstant(ZoneOffset.UTC).toString();
  }

  private static CosemDateTime cosem(String moment) {
    LocalDateTime utc = LocalDateTime.ofInstant(Instant.parse(moment), ZoneOffset.UTC);
    return new CosemDateTime(
        utc.getYear(), utc.getMonthValue(), utc.getDayOfMonth(), utc.getHour(), utc.getMinute(), utc.getSecond(), 0);
  }

  private static DataObject column(int classId, String name, int attribute) {
    return DataObject.newStructureData(
        DataObject.newUInteger16Data(classId),
        DataObject.newOctetStringData(new ObisCode(name).bytes()),
        DataObject.newInteger8Data((byte) attribute),
        DataObject.newUInteger16Data(0));
  }

  private static SelectiveAccessDescription range(DataObject from, DataObject to, DataObject... columns) {
    return new SelectiveAccessDescription(
        BY_RANGE,
        DataObject.newStructureData(column(CLOCK, TIME, 2), from, to, DataObject.newArrayData(List.of(columns))));
  }

  private static SelectiveAccessDescription entries(long from, long to, int firstColumn, int lastColumn) {
    return new SelectiveAccessDescription(
        BY_ENTRY,
        DataObject.newStructureData(
            DataObject.newUInteger32Data(from),
            DataObject.newUInteger32Data(to),
            DataObject.newUInteger16Data(firstColumn),
            DataObject.newUInteger16Data(lastColumn)));
  }

  private List<List<Object>> rows(String profile, SelectiveAccessDescription selection) throws IOException {
    List<List<Object>> rows = new ArrayList<>();
    for (DataObject row : items(get(PROFILE, profile, 2, selection))) {
      List<Object> cells = new ArrayList<>();
      for (DataObject cell : items(row)) cells.add(cell.isByteArray() ? moment(cell) : (Object) number(cell));
      rows.add(cells);
    }
    return rows;
  }

  private static void same(String what, Object got, Object wanted) throws IOException {
    if (!got.equals(wanted)) throw new IOException(what + ": " + got + " is not " + wanted);
  }

  private static List<List<Object>> columns(List<List<Object>> rows, int... columns) {
    List<List<Object>> selected = new ArrayList<>();
    for (List<Object> row : rows) {
      List<Object> cells = new ArrayList<>();
      for (int column : columns) cells.add(row.get(column));
      selected.add(cells);
    }
    return selected;
  }

  private Map<String, Object> readProfile() throws IOException {
    List<List<Object>> captured = new ArrayList<>();
    int energy = -1;
    for (DataObject item : items(get(PROFILE, LOAD_PROFILE, 3))) {
      List<DataObject> parts = items(item);
      if (logicalName(parts.get(1)).equals(ENERGY)) energy = captured.size();
      captured.add(List.of(number(parts.get(0)), logicalName(parts.get(1)), number(parts.get(2))));
    }
    List<List<Object>> everything = rows(LOAD_PROFILE, null);
    int count = everything.size();
    List<List<Object>> six = everything.subList(count - 8, count - 2);
    CosemDateTime from = cosem((String) six.get(0).get(0)), to = cosem((String) six.get(5).get(0));
    DataObject start = DataObject.newOctetStringData(from.encode()), end = DataObject.newOctetStringData(to.encode());
    List<List<Object>> byRange = rows(LOAD_PROFILE, range(start, end));
    same("range", byRange, six);
    same("range of date-time", rows(LOAD_PROFILE, range(DataObject.newDateTimeData(from), DataObject.newDateTimeData(to))), six);
    same(
        "range of two columns",
        rows(LOAD_PROFILE, range(start, end, column(CLOCK, TIME, 2), column(REGISTER, ENERGY, 2))),
        columns(six, 0, energy));
    List<List<Object>> byEntry = rows(LOAD_PROFILE, entries(2, 4, 1, 0));
    same("entries", byEntry, everything.subList(1, 4));
    same("entries of two columns", rows(LOAD_PROFILE, entries(2, 4, 1, 2)), columns(byEntry, 0, 1));
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("columns", captured);
    result.put("capturePeriod", number(get(PROFILE, LOAD_PROFILE, 4)));
    result.put("entriesInUse", number(get(PROFILE, LOAD_PROFILE, 7)));
    result.put("rows", count);
    result.put("byRange", byRange);
    result.put("byEntry", byEntry);
    return result;
  }

  private List<List<Object>> objects() throws IOException {
    List<List<Object>> objects = new ArrayList<>();
    for (DataObject item : items(get(ASSOCIATION, CURRENT_ASSOCIATION, 2))) {
      List<DataObject> parts = items(item);
      objects.add(List.of(number(parts.get(0)), logicalName(parts.get(2))));
    }
    return objects;
  }

  private List<Object> register(String name) throws IOException {
    List<DataObject> scalerUnit = items(get(REGISTER, name, 3));
    double value = number(get(REGISTER, name, 2)) * Math.pow(10, number(scalerUnit.get(0)));
    return List.of(Math.round(value * 1e6) / 1e6, number(scalerUnit.get(1)));
  }

  /** The same values with one GET of a list. */
  private List<Object> readList() throws IOException {
    List<AttributeAddress> addresses =
        List.of(
            new AttributeAddress(DATA, NAME, 2),
            new AttributeAddress(REGISTER, ENERGY, 2),
            new AttributeAddress(REGISTER, ENERGY, 3),
            new AttributeAddress(REGISTER, "1.0.255.8.0.255", 2),
            new AttributeAddress(PROFILE, LOAD_PROFILE, 2, entries(2, 4, 1, 0)));
    List<GetResult> results = connection.get(addresses);
    List<DataObject> scalerUnit = items(data(results.get(2), addresses.get(2)));
    same("missing register", results.get(3).getResultCode(), AccessResultCode.OBJECT_UNDEFINED);
    return List.of(
        text(data(results.get(0), addresses.get(0))),
        number(data(results.get(1), addresses.get(1))),
        number(scalerUnit.get(1)),
        items(data(results.get(4), addresses.get(4))).size());
  }

  private Map<String, Object> readPublic() throws IOException {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("objects", objects());
    result.put("name", text(get(DATA, NAME, 2)));
    return result;
  }

  /** What the meter keeps from the public client, alone and in a list; the association goes on. */
  private Map<String, Object> readDenied() throws IOException {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("register", connection.get(new AttributeAddress(REGISTER, ENERGY, 2)).getResultCode().name());
    result.put("buffer", connection.get(new AttributeAddress(PROFILE, LOAD_PROFILE, 2)).getResultCode().name());
    List<String> codes = new ArrayList<>();
    List<AttributeAddress> list = List.of(new AttributeAddress(DATA, NAME, 2), new AttributeAddress(REGISTER, VOLTAGE, 2));
    for (GetResult item : connection.get(list)) codes.add(item.getResultCode().name());
    result.put("list", codes);
    result.put("name", text(get(DATA, NAME, 2)));
    return result;
  }

  private Map<String, Object> readAll() throws IOException {
    Map<String, Object> result = new LinkedHashMap<>();
    List<List<Object>> objects = objects();
    result.put("objects", objects);
    result.put("name", text(get(DATA, NAME, 2)));
    List<DataObject> partners = items(get(ASSOCIATION, CURRENT_ASSOCIATION, 3));
    result.put("partners", List.of(number(partners.get(0)), number(partners.get(1))));
    List<List<Object>> saps = new ArrayList<>();
    for (DataObject item : items(get(SAP_ASSIGNMENT, "0.0.41.0.0.255", 2))) {
      saps.add(List.of(number(items(item).get(0)), text(items(item).get(1))));
    }
    result.put("saps", saps);
    result.put("clock", moment(get(CLOCK, TIME, 2)));
    result.put("energy", register(ENERGY));
    result.put("voltage", register(VOLTAGE));
    result.put("list", readList());
    result.put("profile", readProfile());
    boolean hasLog = objects.contains(List.of((Object) (long) PROFILE, EVENT_LOG));
    result.put("events", hasLog ? rows(EVENT_LOG, null) : null);
    return result;
  }

  /** A wrong secret must not open an association. */
  private static String refused(String host, int port, String secret) throws IOException {
    DlmsConnection connection;
    try {
      connection = open(host, port, 17, secret);
    } catch (IOException error) {
      return error.getMessage();
    }
    connection.close();
    throw new IOException("a wrong secret was accepted");
  }

  private interface Reading {
    Map<String, Object> read(JdlmsPeer peer) throws IOException;
  }

  private static Map<String, Object> session(DlmsConnection connection, Reading reading) throws IOException {
    try {
      Map<String, Object> result = reading.read(new JdlmsPeer(connection));
      connection.disconnect();
      return result;
    } finally {
      connection.close();
    }
  }

  public static void main(String[] words) {
    try {
      String host = words[0], secret = words[2];
      int port = Integer.parseInt(words[1]);
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("client", "jdlms");
      result.put("public", session(open(host, port, 16, null), JdlmsPeer::readPublic));
      result.put("reading", session(open(host, port, 17, secret), JdlmsPeer::readAll));
      result.put("denied", session(open(host, port, 16, null), JdlmsPeer::readDenied));
      result.put("refused", refused(host, port, "x" + secret));
      System.out.println(new Gson().toJson(result));
      // The client may leave a thread behind.
      System.exit(0);
    } catch (IOException | RuntimeException error) {
      error.printStackTrace();
      System.exit(1);
    }
  }
}
