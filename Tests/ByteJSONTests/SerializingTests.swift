import ByteJSON
import Files
import Foundation
import Testing

@Suite struct SerializingTests {
    @Test(arguments: [
        #"{"a":[1,-2,3.5,1e-05,null,true,false],"b":{},"c":[],"d":"x\"\\\n\r\t"}"#, #""é🙂""#, "[[[]]]",
        "12345678901234",
        "1e+300",
    ])
    func isReadAsTheSameValue(text: String) throws {
        let value = try JSON(parsing: Array(text.utf8))
        #expect(String(decoding: value.serialized(), as: UTF8.self) == text)
        #expect(try JSON(parsing: value.serialized(indentation: 2)) == value)
        // Foundation reads it too.
        _ = try JSONSerialization.jsonObject(with: Data(value.serialized(indentation: 2)), options: .fragmentsAllowed)
    }

    @Test func controlCharacters() throws {
        let value = JSON.string(ByteString([0x01, 0x1f, 0x7f, 0x41] as [UInt8]))
        #expect(value.serialized() == Array(#""\u0001\u001f"#.utf8) + [0x7f, 0x41, 0x22])
        #expect(try JSON(parsing: value.serialized()) == value)
    }

    @Test func indentsAsPythonDoes() throws {
        let value = try JSON(parsing: Array(#"{"a":[1,2],"b":{"c":{}},"d":[]}"#.utf8))
        let expected = """
            {
              "a": [
                1,
                2
              ],
              "b": {
                "c": {}
              },
              "d": []
            }
            """
        #expect(String(decoding: value.serialized(indentation: 2), as: UTF8.self) == expected)
    }
}
