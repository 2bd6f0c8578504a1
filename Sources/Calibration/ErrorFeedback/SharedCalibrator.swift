import ModelArchitecture
import Platform
import Runtime

/// The shares of a calibration's matrices that processes encode side by side.
package struct CalibrationShares: Sendable {
    /// The number of shares.
    package let count: Int
    /// The shares that this process begins with, counted from 0.
    package let own: Set<Int>

    /// - Parameters:
    ///   - count: The number of shares.
    ///   - own: The shares that this process begins with, counted from 0.
    package init(count: Int, own: Set<Int>) {
        precondition(count > 0 && own.allSatisfy { (0..<count).contains($0) })
        self.count = count
        self.own = own
    }
}

/// Encodes a share of a layer's matrices, and takes the others from the processes that encode them.
///
/// Every process carries the states of both models through all layers, with the same bytes in the end, since what it takes is
/// what it would have encoded. Experts are divided in the order in which the single run comes to them, forth and back, so that
/// shares have as many tokens; the matrices of attention and of blocks that see all tokens are divided by rows. A share that no
/// process works at is done by one that has nothing else to do.
package final class SharedCalibrator: PassQuantizer {
    private let calibrator: LayerCalibrator
    private let spool: CalibrationSpool
    private let shares: CalibrationShares
    /// The locks of shares that this process has.
    private var locks: [Int: CalibrationLock] = [:]
    /// Shares that no process worked at, and that this one does until another has their locks.
    private var adopted: Set<Int> = []

    /// What one process encodes and the others take.
    private struct Piece {
        let name: String
        let share: Int
        let parts: [MatrixRows]
    }

    package init(_ calibrator: LayerCalibrator, spool: CalibrationSpool, shares: CalibrationShares) {
        self.calibrator = calibrator
        self.spool = spool
        self.shares = shares
    }

    package func quantize(_ site: ActivationSite, rows: PairedRows) throws {
        // Routers are corrected by all, who need what the experts see together.
        if site.input == .router { return try calibrator.quantize(site, rows: rows) }
        if site.isOfExpert { return }
        let matrices = calibrator.encodedMatrices(of: site).map { $0.cut(into: shares.count) }
        let pieces = (0..<shares.count).map { share in
            piece(site, share, matrices.map { $0[share] }.filter { !$0.rows.isEmpty })
        }
        try settle(pieces) { try calibrator.quantize($0.flatMap(\.parts), of: site, rows: rows) }
    }

    private func piece(_ site: ActivationSite, _ share: Int, _ parts: [MatrixRows]) -> Piece {
        Piece(name: "\(site.layer)-\(site.input)-\(share + 1)-\(shares.count)", share: share, parts: parts)
    }

    package func beginExperts(_ experts: LayerExperts) throws {
        let assigned = Dictionary(grouping: experts.order.enumerated()) { number, _ in
            let (row, column) = number.quotientAndRemainder(dividingBy: shares.count)
            return row.isMultiple(of: 2) ? column : shares.count - 1 - column
        }.mapValues { $0.map(\.element) }
        func site(_ input: ActivationSite.Input, _ expert: Int) -> ActivationSite {
            ActivationSite(layer: experts.layer, input: input, expert: expert)
        }
        func pieces(_ input: ActivationSite.Input) -> [Piece] {
            assigned.sorted { $0.key < $1.key }.map { share, members in
                piece(
                    site(input, members[0]), share,
                    members.flatMap { calibrator.encodedMatrices(of: site(input, $0)) })
            }
        }
        try settle(pieces(.experts)) { pieces in
            for expert in pieces.flatMap({ assigned[$0.share] ?? [] }) {
                try calibrator.quantize(site(.experts, expert), rows: experts.rows(of: expert))
            }
        }
        try settle(pieces(.expertsDown)) { pieces in
            let encoded = Set(pieces.flatMap { assigned[$0.share] ?? [] })
            calibrator.forgetHiddenUnits()
            // What an expert is drawn toward is what those before it have seen.
            for expert in experts.order[...(experts.order.lastIndex(where: encoded.contains) ?? 0)] {
                let isEncoded = encoded.contains(expert)
                let rows = try experts.downRows(of: expert, comparesOriginal: isEncoded)
                if isEncoded {
                    try calibrator.quantize(site(.expertsDown, expert), rows: rows)
                } else {
                    try calibrator.observe(site(.expertsDown, expert), rows: rows)
                }
            }
        }
    }

    package func decode(_ place: MatrixPlace, into target: UnsafeMutablePointer<Float>) throws {
        try calibrator.decode(place, into: target)
    }

    package func endLayer(_ layer: Int, original: HiddenStates, quantized: HiddenStates) throws {
        while try !spool.holds(layer: layer) {
            if let lock = try spool.lock("layer") {
                if try !spool.holds(layer: layer) {
                    try calibrator.endLayer(layer, original: original, quantized: quantized)
                }
                withExtendedLifetime(lock) {}
            } else {
                usleep(CalibrationSpool.pollMicroseconds)
            }
        }
        calibrator.forgetLayer()
    }

    /// Has some pieces encoded, by this process or by others, and takes what others have encoded.
    ///
    /// - Parameter encode: encodes the matrices of pieces.
    private func settle(_ pieces: [Piece], encode: ([Piece]) throws -> Void) throws {
        var open = try missing(pieces.filter { !$0.parts.isEmpty })
        for share in shares.own where locks[share] == nil { locks[share] = try lock(share) }
        // Whoever has come back to an adopted share gets it at the end of this.
        let lent = try adopted.compactMap { share in try lock(share).map { (share, $0) } }
        adopted = Set(lent.map(\.0))
        let held = adopted.union(locks.keys)
        try complete(missing(open.filter { held.contains($0.share) }), encode)
        open = try missing(open.filter { !held.contains($0.share) })
        let start = ContinuousClock.now
        while !open.isEmpty {
            usleep(CalibrationSpool.pollMicroseconds)
            open = try missing(open)
            guard ContinuousClock.now - start > Self.patience else { continue }
            for piece in open {
                guard let lock = try lock(piece.share) else { continue }
                try complete(missing([piece]), encode)
                adopted.insert(piece.share)
                withExtendedLifetime(lock) {}
            }
        }
        withExtendedLifetime(lent) {}
    }

    private func lock(_ share: Int) throws -> CalibrationLock? { try spool.lock("share-\(share + 1)") }

    /// Encodes pieces, and keeps them for the others.
    private func complete(_ pieces: [Piece], _ encode: ([Piece]) throws -> Void) throws {
        guard !pieces.isEmpty else { return }
        try encode(pieces)
        for piece in pieces { try spool.keep(piece: piece.name, piece.parts.compactMap(calibrator.bytes)) }
    }

    /// How long a process waits before it does what another one should.
    private static let patience = Duration.seconds(2)

    /// Those pieces that are not there yet; what the others hold is taken.
    private func missing(_ pieces: [Piece]) throws -> [Piece] {
        try pieces.filter { piece in
            let counts = piece.parts.map(calibrator.byteCount)
            guard var reader = try spool.piece(piece.name, byteCount: counts.reduce(0, +)) else { return true }
            for (part, count) in zip(piece.parts, counts) { calibrator.take(try reader.bytes(count), for: part) }
            return false
        }
    }
}
