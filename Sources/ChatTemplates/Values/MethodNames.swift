/// The methods that Python's values have; those that are not known to `call` are refused when they are called.
enum MethodNames {
    static let string: Set<String> = [
        "capitalize", "casefold", "center", "count", "encode", "endswith", "expandtabs", "find", "format",
        "format_map", "index", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier", "islower",
        "isnumeric", "isprintable", "isspace", "istitle", "isupper", "join", "ljust", "lower", "lstrip", "maketrans",
        "partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit",
        "rstrip", "split", "splitlines", "startswith", "strip", "swapcase", "title", "translate", "upper", "zfill",
    ]
    static let map: Set<String> = ["copy", "fromkeys", "get", "items", "keys", "values"]
    static let unsafeMap: Set<String> = ["clear", "pop", "popitem", "setdefault", "update"]
    static let tuple: Set<String> = ["count", "index"]
    static let list: Set<String> = ["copy", "count", "index"]
    static let unsafeList: Set<String> = [
        "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort",
    ]
}
