import com.google.gson.Gson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.openmuc.jdlms.AttributeAddress;
import org.openmuc.jdlms.DlmsConnection;
import org.openmuc.jdlms.MethodParameter;
import org.openmuc.jdlms.MethodResult;
import org.openmuc.jdlms.SetParameter;
import org.openmuc.jdlms.datatypes.CosemDateTime;
import org.openmuc.jdlms.datatypes.DataObject;

/**
 * Manages a meter with OpenMUC jDLMS, a DLMS client that this project did not write: SET and ACTION, each normal and with list.
 *
 * <p>usage: JdlmsManage HOST PORT SECRET NOTE. NOTE is the logical name of a writable Data object. Prints one JSON object; exits with 1 on any failure.
 */
final class JdlmsManage {
  private static final int MANAGEMENT_CLIENT = 1;
  private static final int DATA = 1, CLOCK = 8, IMAGE_TRANSFER = 18;
  private static final int INITIATE = 1, TRANSFER = 2, VERIFY = 3, ACTIVATE = 4;
  private static final String TIME = "0.0.1.0.0.255", IMAGE = "0.0.44.0.0.255", NAME = "0.0.42.0.0.255";
  private static final int SIZE = 1500;

  private static DataObject octets(String text) {
    return DataObject.newOctetStringData(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static SetParameter set(int classId, String name, DataObject value) {
    return new SetParameter(new AttributeAddress(classId, name, 2), value);
  }

  private static MethodParameter method(int number, DataObject parameter) {
    return new MethodParameter(IMAGE_TRANSFER, IMAGE, number, parameter);
  }

  private static String result(DlmsConnection connection, int number, DataObject parameter) throws IOException {
    return connection.action(method(number, parameter)).getResultCode().name();
  }

  private static MethodParameter block(byte[] image, int number, int length) {
    byte[] data = new byte[Math.min(length, image.length - number * length)];
    System.arraycopy(image, number * length, data, 0, data.length);
    return method(TRANSFER, DataObject.newStructureData(DataObject.newUInteger32Data(number), DataObject.newOctetStringData(data)));
  }

  /** All blocks in one request, but for the first, which comes last. */
  private static Map<String, Object> transfer(DlmsConnection connection) throws IOException {
    Map<String, Object> result = new LinkedHashMap<>();
    int length = ((Number) connection.get(new AttributeAddress(IMAGE_TRANSFER, IMAGE, 2)).getResultData().getValue()).intValue();
    byte[] image = new byte[SIZE];
    image[0] = 'F';
    result.put("initiate", result(connection, INITIATE, DataObject.newStructureData(octets("J"), DataObject.newUInteger32Data(SIZE))));
    List<MethodParameter> blocks = new ArrayList<>();
    for (int number = 1; number * length < SIZE; number++) blocks.add(block(image, number, length));
    List<String> results = new ArrayList<>();
    for (MethodResult one : connection.action(blocks)) results.add(one.getResultCode().name());
    result.put("blocks", results);
    DataObject zero = DataObject.newInteger8Data((byte) 0);
    result.put("early", result(connection, VERIFY, zero));
    result.put("first", connection.action(block(image, 0, length)).getResultCode().name());
    result.put("verify", List.of(result(connection, VERIFY, zero), result(connection, VERIFY, zero)));
    result.put("activate", result(connection, ACTIVATE, zero));
    return result;
  }

  private static List<String> names(List<? extends Enum<?>> results) {
    List<String> names = new ArrayList<>();
    for (Enum<?> one : results) names.add(one.name());
    return names;
  }

  public static void main(String[] words) {
    try (DlmsConnection connection = JdlmsPeer.open(words[0], Integer.parseInt(words[1]), MANAGEMENT_CLIENT, words[2])) {
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("client", "jdlms");
      String note = words[3];
      result.put("set", connection.set(set(DATA, note, octets("jdlms"))).name());
      DataObject time = DataObject.newDateTimeData(new CosemDateTime(2026, 3, 2, 1, 12, 30, 15, 0, -60));
      List<SetParameter> list = List.of(set(CLOCK, TIME, time), set(DATA, NAME, octets("no")), set(DATA, note, DataObject.newBoolData(true)));
      result.put("list", names(connection.set(list)));
      result.put("note", new String((byte[]) connection.get(new AttributeAddress(DATA, note, 2)).getResultData().getValue(), StandardCharsets.US_ASCII));
      result.put("image", transfer(connection));
      System.out.println(new Gson().toJson(result));
    } catch (Exception error) {
      error.printStackTrace();
      System.exit(1);
    }
  }
}
