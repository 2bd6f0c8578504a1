/// Questions in the forms that llama-perplexity reads: six lines each (HellaSwag), comma-separated (WinoGrande), binary.
///
/// Told by their content. Prompts and choices are those of the lines' JSON forms; only the text files' layout is
/// llama.cpp's (`tools/perplexity/perplexity.cpp`, October 2026).
enum PublishedTasks {
    /// - Returns: nil if the bytes are of none of these.
    static func read(_ bytes: [UInt8], limit: Int, path: String) throws -> (TaskForm, [ChoiceQuestion])? {
        if bytes.count >= 4, bytes[..<4].contains(0) {
            do throws(TaskProblem) {
                return (.choices, try binary(bytes, limit: limit))
            } catch {
                throw EvaluationError(.invalidTask(error, line: nil), file: path)
            }
        }
        let lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false).map { line in
            line.last == 0x0d ? line.dropLast() : line
        }
        if lines.count > 1, isNumber(lines[1]) { return (.hellaSwag, try hellaSwag(lines, limit: limit, path: path)) }
        guard let first = lines.first, let comma = first.firstIndex(of: UInt8(ascii: ",")), isNumber(first[..<comma])
        else { return nil }
        return (.winoGrande, try winoGrande(lines, limit: limit, path: path))
    }

    private static func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
        !text.isEmpty && text.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    }

    /// Context, number of the right ending, four endings.
    private static func hellaSwag(
        _ lines: [ArraySlice<UInt8>], limit: Int, path: String
    ) throws -> [ChoiceQuestion] {
        let count = lines.last?.isEmpty == true ? lines.count - 1 : lines.count
        return try stride(from: 0, to: count, by: 6).prefix(limit).map { start in
            do throws(TaskProblem) {
                guard start + 6 <= count else { throw .incompleteRecord(lineCount: count - start) }
                let texts = lines[start..<start + 6].map { String(decoding: $0, as: UTF8.self) }
                let answer = try number(texts[1], key: "label", from: 0, count: 4)
                let candidates = texts[2...].map { ChoiceCandidate(context: texts[0], delimiter: " ", choice: $0) }
                return try question(candidates, answer: answer, line: start + 1)
            } catch {
                throw EvaluationError(.invalidTask(error, line: start + 1), file: path)
            }
        }
    }

    /// Number, sentence, two options, 1 or 2.
    private static func winoGrande(
        _ lines: [ArraySlice<UInt8>], limit: Int, path: String
    ) throws -> [ChoiceQuestion] {
        try lines.enumerated().filter { !$0.element.isEmpty }.prefix(limit).map { index, line in
            do throws(TaskProblem) {
                let fields = try fields(line)
                guard fields.count == 5 else { throw .fieldCount(fields.count, expected: 5) }
                let answer = try number(fields[4], key: "answer", from: 1, count: 2)
                let candidates = try TaskForm.winoGrande(sentence: fields[1], options: [fields[2], fields[3]])
                return try question(candidates, answer: answer, line: index + 1)
            } catch {
                throw EvaluationError(.invalidTask(error, line: index + 1), file: path)
            }
        }
    }

    /// A line's fields, of which some are in quotation marks, where two of these stand for one.
    private static func fields(_ line: ArraySlice<UInt8>) throws(TaskProblem) -> [String] {
        let quote = UInt8(ascii: "\"")
        var fields: [[UInt8]] = [[]]
        var isQuoted = false
        var position = line.startIndex
        while position < line.endIndex {
            let byte = line[position]
            position += 1
            if isQuoted, byte == quote {
                if position < line.endIndex, line[position] == quote {
                    fields[fields.count - 1].append(quote)
                    position += 1
                } else {
                    isQuoted = false
                }
            } else if !isQuoted, byte == quote, fields[fields.count - 1].isEmpty {
                isQuoted = true
            } else if !isQuoted, byte == UInt8(ascii: ",") {
                fields.append([])
            } else {
                fields[fields.count - 1].append(byte)
            }
        }
        guard !isQuoted else { throw .openQuote }
        return fields.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func number(
        _ text: String, key: String, from first: Int, count: Int
    ) throws(TaskProblem) -> Int {
        guard let number = Int(text.stripped), first..<first + count ~= number else {
            throw .invalidAnswer(
                key: key, found: String(text.prefix(40)).debugDescription,
                expected: "a number from \(first) to \(first + count - 1)")
        }
        return number - first
    }

    private static func question(
        _ candidates: [ChoiceCandidate], answer: Int, line: Int
    ) throws(TaskProblem) -> ChoiceQuestion {
        if let empty = candidates.firstIndex(where: { $0.byteCount == 0 }) { throw .emptyChoice(empty) }
        return ChoiceQuestion(line: line, candidates: candidates, answer: answer)
    }

    /// A count of questions, where each begins, then of each its text and twice its answers: with one right, with several.
    private static func binary(_ bytes: [UInt8], limit: Int) throws(TaskProblem) -> [ChoiceQuestion] {
        var reader = Reader(bytes: bytes)
        let count = try reader.count(of: "questions", minimumByteCount: 4 + 4 + 4 + 4)
        guard count > 0 else { throw .noQuestions }
        try reader.skip(4 * count)
        var questions: [ChoiceQuestion] = []
        for number in 1...min(count, limit) {
            let start = reader.position
            let prompt = try reader.text()
            let (answers, labels) = try reader.answers()
            _ = try reader.answers()
            guard answers.count >= 2 else { throw .damaged(byte: start, "question \(number) has no two answers") }
            guard let right = labels.firstIndex(of: 1), labels.count(where: { $0 == 1 }) == 1 else {
                throw .damaged(byte: start, "question \(number) has not one right answer")
            }
            guard answers.allSatisfy({ !$0.isEmpty }) else {
                throw .damaged(byte: start, "question \(number) has an empty answer")
            }
            questions.append(
                ChoiceQuestion(
                    line: number,
                    candidates: answers.map { ChoiceCandidate(context: prompt, delimiter: " ", choice: $0) },
                    answer: right))
        }
        return questions
    }

    /// Little-endian numbers, and texts with their lengths before them.
    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        /// llama.cpp takes no more.
        static let answerLimit = 100

        private mutating func number() throws(TaskProblem) -> UInt32 {
            let start = position
            try skip(4)
            return (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) }
        }

        mutating func skip(_ count: Int) throws(TaskProblem) {
            guard count <= bytes.count - position else {
                throw .damaged(
                    byte: position, "\(count) bytes expected, the file ends after \(bytes.count - position)")
            }
            position += count
        }

        mutating func count(
            of what: String, minimumByteCount: Int, limit: Int = .max
        ) throws(TaskProblem) -> Int {
            let start = position
            let count = Int(try number())
            guard count <= min(limit, (bytes.count - position) / minimumByteCount) else {
                throw .damaged(byte: start, "\(count) \(what), more than there can be")
            }
            return count
        }

        mutating func text() throws(TaskProblem) -> String {
            let start = position
            let count = try count(of: "bytes of text", minimumByteCount: 1)
            try skip(count)
            guard let text = String(validating: bytes[position - count..<position], as: UTF8.self) else {
                throw .damaged(byte: start, "the text is not UTF-8")
            }
            return text
        }

        mutating func answers() throws(TaskProblem) -> (texts: [String], labels: [UInt32]) {
            let count = try count(of: "answers", minimumByteCount: 4 + 4, limit: Self.answerLimit)
            var texts: [String] = []
            var labels: [UInt32] = []
            for _ in 0..<count { texts.append(try text()) }
            for _ in 0..<count { labels.append(try number()) }
            return (texts, labels)
        }
    }
}
