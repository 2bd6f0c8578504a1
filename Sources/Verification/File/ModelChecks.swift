import Files
import GGUF
import ModelArchitecture
import Models
import Tensors
import Tokenizers

/// Whether the keys and tensors of a GGUF make a model: a decoder, its weights and a tokenizer.
struct ModelChecks {
    let file: GGUFFile

    /// The findings of all checks; an error of one does not keep the others from being made.
    func findings() -> [Finding] {
        let embedding = file.index(ofTensor: TensorName(.tokenEmbedding).gguf).map { file.tensors[$0].shape }
        return planFindings(embedding) + VocabularyChecks(file: file, rowCount: embedding?.rowCount).findings()
    }

    private func planFindings(_ embedding: TensorShape?) -> [Finding] {
        do throws(ArchitectureError) {
            let plan = try DecoderPlan(
                metadata: file.metadata, vocabularySize: embedding?.rowCount ?? file.announcedVocabularySize ?? 0,
                tiesOutputToEmbedding: !file.tensors.isEmpty
                    && file.index(ofTensor: TensorName(.output).gguf) == nil,
                hasFrequencyFactors: file.index(ofTensor: TensorName(.rotaryFactors).gguf) != nil)
            return sizeFindings(plan) + tensorFindings(plan)
        } catch {
            return [Finding(.metadata, file: file.path, error.diagnostic)]
        }
    }

    private func sizeFindings(_ plan: DecoderPlan) -> [Finding] {
        guard let announced = file.announcedVocabularySize, announced != plan.vocabularySize,
            announced != file.metadata.strings("tokenizer.ggml.tokens")?.count
        else { return [] }
        let key = "\(plan.architecture.rawValue).vocab_size"
        return [
            Finding(
                .metadata, file: file.path, subject: "key \"\(key)\"",
                "\(announced) tokens, the embedding has \(plan.vocabularySize) rows")
        ]
    }

    /// A file without any tensor is a vocabulary, and needs none.
    private func tensorFindings(_ plan: DecoderPlan) -> [Finding] {
        guard !file.tensors.isEmpty else { return [] }
        var indices = Dictionary(uniqueKeysWithValues: file.tensors.enumerated().map { ($1.name, $0) })
        var findings: [Finding] = []
        for planned in plan.tensors {
            guard let index = indices.removeValue(forKey: planned.name.gguf) else {
                findings.append(finding(planned.name.gguf, "the tensor is missing"))
                continue
            }
            let tensor = file.tensors[index]
            if tensor.shape.dimensions.withoutOnes != planned.dimensions.withoutOnes {
                let expected = planned.dimensions.map(String.init).joined(separator: " × ")
                findings.append(finding(tensor.name, "the shape is \(tensor.shape), expected \(expected)"))
            }
            if tensor.type.isWholeNumber {
                findings.append(finding(tensor.name, "the type is \(tensor.type.name), one of weights expected"))
            }
        }
        for (name, index) in indices.sorted(by: { $0.value < $1.value }) {
            findings.append(finding(name, "no part of this architecture", file.location(ofTensorAt: index).part))
        }
        return findings
    }

    private func finding(_ tensor: String, _ problem: String, _ part: Int? = nil) -> Finding {
        let part = part ?? file.index(ofTensor: tensor).map { file.location(ofTensorAt: $0).part } ?? 0
        return Finding(.tensors, file: file.parts[part].path, subject: tensor, problem)
    }
}

extension GGUFFile {
    /// What the metadata says that the vocabulary's size is.
    fileprivate var announcedVocabularySize: Int? {
        metadata.string("general.architecture").flatMap { metadata.integer(ByteString("\($0).vocab_size")) }
    }
}

extension [Int] {
    /// Dimensions without trailing ones, which files may leave out.
    fileprivate var withoutOnes: ArraySlice<Int> { self[...(lastIndex { $0 != 1 } ?? 0)] }
}

extension TensorType {
    fileprivate var isWholeNumber: Bool {
        switch self {
        case .i8, .i16, .i32, .i64: true
        default: false
        }
    }
}
