"""Stock llama.cpp's tokenizer, called in a shared library: a libllama.so, or the one inside of the xllamacpp package.

The layout of llama_model_params is that of llama.cpp as vendored by llama-cpp-python 0.3.36.
"""
import ctypes, importlib.util, os


class Params(ctypes.Structure):
    _fields_ = [("devices", ctypes.c_void_p), ("overrides", ctypes.c_void_p), ("n_gpu_layers", ctypes.c_int32), ("split_mode", ctypes.c_int), ("load_mode", ctypes.c_int),
                ("lazy_mode", ctypes.c_int), ("main_gpu", ctypes.c_int32), ("tensor_split", ctypes.c_void_p), ("callback", ctypes.c_void_p), ("callback_data", ctypes.c_void_p),
                ("kv_overrides", ctypes.c_void_p)] + [(name, ctypes.c_bool) for name in ["vocab_only", "check_tensors", "use_extra_bufts", "no_host", "no_alloc", "load_mtp"]]


class Vocabulary:
    """The vocabulary of a GGUF file."""

    library = None

    def __init__(self, path):
        cls = type(self)
        if cls.library is None:
            package = importlib.util.find_spec("xllamacpp")
            if package:
                import xllamacpp
            default = os.path.join(os.path.dirname(package.origin), "xllamacpp.abi3.so") if package else "libllama.so"
            lib = cls.library = ctypes.CDLL(os.environ.get("LIBLLAMA", default))
            lib.llama_model_default_params.restype = Params
            lib.llama_model_load_from_file.restype, lib.llama_model_load_from_file.argtypes = ctypes.c_void_p, [ctypes.c_char_p, Params]
            lib.llama_model_get_vocab.restype, lib.llama_model_get_vocab.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
            lib.llama_tokenize.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32, ctypes.c_void_p, ctypes.c_int32, ctypes.c_bool, ctypes.c_bool]
            cls.quiet = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)(lambda *_: None)
            lib.llama_log_set(cls.quiet, None)
            lib.llama_backend_init()
        params = self.library.llama_model_default_params()
        params.vocab_only = True
        model = self.library.llama_model_load_from_file(path.encode(), params)
        if not model:
            raise ValueError(path + " does not load")
        self.vocabulary = self.library.llama_model_get_vocab(model)

    def encode(self, data, parse_special=True):
        ids = (ctypes.c_int32 * (len(data) + 64))()
        count = self.library.llama_tokenize(self.vocabulary, data, len(data), ids, len(ids), False, parse_special)
        return ids[:count]
