// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IQuorum } from "./interfaces/IQuorum.sol";
import { BLS } from "./libraries/BLS.sol";
import { CodeBlob } from "./libraries/CodeBlob.sol";

/// @notice See {IQuorum}.
contract Quorum is IQuorum {
    uint256 private constant MAX_SEATS = 256;
    /// @dev Four coordinates of 48 bytes.
    uint256 private constant PACKED_KEY_BYTES = 192;
    /// @dev 256 seats in three blobs: each blob that an absentee touches costs 2,600 gas, and 128 keys would not fit in one.
    uint256 private constant KEYS_PER_BLOB = 86;
    uint256 private constant BLOBS = 3;

    uint256 private constant G2_ADD = 0x0d;

    // The header blob: sum of keys (256), total weight (8), largest weight (2), blob addresses (3 x 20), weights (2 each).
    uint256 private constant TOTAL_AT = 256;
    uint256 private constant LARGEST_AT = 264;
    uint256 private constant BLOBS_AT = 266;
    uint256 private constant WEIGHTS_AT = 326;

    /// @dev Header's address, then the number of seats in the upper bits.
    mapping(bytes32 setId => uint256) private _sets;

    /// @inheritdoc IQuorum
    function install(bytes calldata keys, bytes calldata weights) external returns (bytes32 setId) {
        uint256 seats = keys.length / PACKED_KEY_BYTES;
        if (
            seats == 0 || seats > MAX_SEATS || keys.length != seats * PACKED_KEY_BYTES
                || weights.length != seats * 2
        ) revert SetMalformed(keys.length, weights.length);
        setId = _nameOf(seats, keys, weights);
        if (_sets[setId] != 0) return setId;

        (uint256 total, uint256 largest) = _sumWeights(weights);
        uint256[16] memory sum;
        address[BLOBS] memory blobs;
        for (uint256 i = 0; i < BLOBS && i * KEYS_PER_BLOB < seats; i++) {
            uint256 end = (i + 1) * KEYS_PER_BLOB;
            blobs[i] = _writeKeys(keys, i * KEYS_PER_BLOB, end < seats ? end : seats, sum);
        }
        uint256[8] memory aggregate;
        assembly ("memory-safe") {
            mcopy(aggregate, sum, 256)
        }
        // SAFETY: at most 256 weights of 16 bits were summed.
        // forge-lint: disable-next-item(unsafe-typecast)
        bytes memory fixedPart =
            abi.encodePacked(aggregate, uint64(total), uint16(largest), blobs[0], blobs[1], blobs[2]);
        address header = CodeBlob.write(abi.encodePacked(fixedPart, weights));
        _sets[setId] = (seats << 160) | uint160(header);
        emit SetInstalled(setId, seats, total);
    }

    /// @inheritdoc IQuorum
    function checkQuorum(bytes32 setId, bytes32 digest, uint256 absentees, bytes calldata signature)
        external
        view
    {
        (bytes memory header, uint256 seats) = _header(setId);
        // INVARIANT: an absentee is a seat of the set.
        if (seats < MAX_SEATS && absentees >> seats != 0) revert AbsenteeUnknown(absentees);

        uint256[16] memory pair;
        assembly ("memory-safe") {
            mcopy(pair, add(header, 32), 256)
        }
        uint256 total = _field(header, TOTAL_AT, 8);
        uint256 present = total - _subtractAbsentees(header, absentees, pair);
        // INVARIANT: a quorum signs with strictly more than two thirds of the weight of its set.
        if (present * 3 <= total * 2) revert QuorumTooSmall(present, total);
        uint256[8] memory key;
        assembly ("memory-safe") {
            mcopy(key, pair, 256)
        }
        if (!BLS.verify(digest, signature, key)) revert QuorumSignatureInvalid(setId, digest);
    }

    /// @inheritdoc IQuorum
    function describe(bytes32 setId)
        external
        view
        returns (uint256 seats, uint256 totalWeight, uint256 largestWeight)
    {
        bytes memory header;
        (header, seats) = _header(setId);
        totalWeight = _field(header, TOTAL_AT, 8);
        largestWeight = _field(header, LARGEST_AT, 2);
    }

    /// @inheritdoc IQuorum
    function seat(bytes32 setId, uint256 index) external view returns (bytes memory key, uint256 weight) {
        (bytes memory header, uint256 seats) = _header(setId);
        if (index >= seats) revert AbsenteeUnknown(index);
        uint256[16] memory pair;
        _loadNegated(header, index, pair);
        key = new bytes(BLS.KEY_BYTES);
        assembly ("memory-safe") {
            mcopy(add(key, 32), add(pair, 256), 256)
        }
        _negateY(key);
        weight = _field(header, WEIGHTS_AT + 2 * index, 2);
    }

    /// @dev Adds the negated key of every absentee to the sum in `pair`; returns their weight.
    /// One buffer for every addition: the accumulator, and behind it the operand.
    function _subtractAbsentees(bytes memory header, uint256 absentees, uint256[16] memory pair)
        private
        view
        returns (uint256 weight)
    {
        bool ok = true;
        assembly ("memory-safe") {
            let operand := add(pair, 256)
            // A packed key is read into the end of the operand's 256 bytes and spread out from there.
            let source := add(operand, 64)
            for { } absentees { } {
                // Position of the lowest bit: of the bit alone, by halves.
                let bit := and(absentees, sub(0, absentees))
                absentees := xor(absentees, bit)
                let index := shl(7, lt(0xffffffffffffffffffffffffffffffff, bit))
                index := or(index, shl(6, lt(0xffffffffffffffff, shr(index, bit))))
                index := or(index, shl(5, lt(0xffffffff, shr(index, bit))))
                index := or(index, shl(4, lt(0xffff, shr(index, bit))))
                index := or(index, shl(3, lt(0xff, shr(index, bit))))
                index := or(index, shl(2, lt(0xf, shr(index, bit))))
                index := or(index, shl(1, lt(3, shr(index, bit))))
                index := or(index, lt(1, shr(index, bit)))

                weight := add(weight, shr(240, mload(add(add(header, 32), add(WEIGHTS_AT, shl(1, index))))))
                let blobIndex := div(index, KEYS_PER_BLOB)
                let blob := shr(96, mload(add(add(header, 32), add(BLOBS_AT, mul(blobIndex, 20)))))
                let offset := mul(sub(index, mul(blobIndex, KEYS_PER_BLOB)), PACKED_KEY_BYTES)
                extcodecopy(blob, source, add(offset, 1), PACKED_KEY_BYTES)
                // Fields of 48 bytes move up to their 64-byte places, the first one first, so that none is overwritten unread.
                let high := shr(128, mload(source))
                let low := mload(add(source, 16))
                mstore(operand, high)
                mstore(add(operand, 32), low)
                high := shr(128, mload(add(source, 48)))
                low := mload(add(source, 64))
                mstore(add(operand, 64), high)
                mstore(add(operand, 96), low)
                high := shr(128, mload(add(source, 96)))
                low := mload(add(source, 112))
                mstore(add(operand, 128), high)
                mstore(add(operand, 160), low)
                high := shr(128, mload(add(source, 144)))
                low := mload(add(source, 160))
                mstore(add(operand, 192), high)
                mstore(add(operand, 224), low)
                ok := and(ok, staticcall(gas(), G2_ADD, pair, 512, pair, 256))
            }
        }
        // Keys in a blob were added once before: only a lack of gas fails here, and a sum that is off would fail the pairing.
        if (!ok) revert BLS.NotOnCurve();
    }

    /// @dev Keeps the keys `[start, end)` negated in one blob and adds them, as they are, to the sum in `pair`.
    function _writeKeys(bytes calldata keys, uint256 start, uint256 end, uint256[16] memory pair)
        private
        returns (address blob)
    {
        (uint256 pHigh, uint256 pLow) = (BLS.P_HIGH, BLS.P_LOW);
        uint256 emptySeat = type(uint256).max;
        bool ok = true;
        assembly ("memory-safe") {
            // Creation code as `CodeBlob.write` makes it, in free memory that the next blob uses again.
            let creation := mload(0x40)
            let size := add(1, mul(sub(end, start), PACKED_KEY_BYTES))
            mstore(creation, or(shl(248, 0x61), or(shl(232, size), shl(168, 0x80600a3d393df300))))
            let target := add(creation, 11)
            let operand := add(pair, 256)
            let source := add(keys.offset, mul(start, PACKED_KEY_BYTES))
            for { let i := start } lt(i, end) { i := add(i, 1) } {
                calldatacopy(target, source, 96)
                mstore(operand, shr(128, calldataload(source)))
                mstore(add(operand, 32), calldataload(add(source, 16)))
                mstore(add(operand, 64), shr(128, calldataload(add(source, 48))))
                mstore(add(operand, 96), calldataload(add(source, 64)))
                let bits :=
                    or(
                        or(mload(operand), mload(add(operand, 32))),
                        or(mload(add(operand, 64)), mload(add(operand, 96)))
                    )
                // -(x, y) = (x, p - y), and 0 stays 0: p itself is no reduced coordinate.
                for { let field := 96 } lt(field, 192) { field := add(field, 48) } {
                    let high := shr(128, calldataload(add(source, field)))
                    let low := calldataload(add(source, add(field, 16)))
                    let place := add(operand, add(32, field))
                    if eq(field, 144) { place := add(operand, 192) }
                    mstore(place, high)
                    mstore(add(place, 32), low)
                    if or(high, low) {
                        bits := 1
                        high := sub(sub(pHigh, high), gt(low, pLow))
                        low := sub(pLow, low)
                    }
                    mstore(add(target, field), shl(128, high))
                    mstore(add(target, add(field, 16)), low)
                }
                if iszero(bits) { emptySeat := i }
                ok := and(ok, staticcall(gas(), G2_ADD, pair, 512, pair, 256))
                source := add(source, PACKED_KEY_BYTES)
                target := add(target, PACKED_KEY_BYTES)
            }
            blob := create(0, creation, add(size, 10))
        }
        if (emptySeat != type(uint256).max) revert SeatEmpty(emptySeat);
        if (!ok) revert BLS.NotOnCurve();
        if (blob == address(0)) revert CodeBlob.BlobNotWritten();
    }

    /// @dev Puts the negated key of a seat behind the accumulator in `pair`.
    function _loadNegated(bytes memory header, uint256 index, uint256[16] memory pair) private view {
        address blob = address(uint160(_field(header, BLOBS_AT + 20 * (index / KEYS_PER_BLOB), 20)));
        uint256 offset = (index % KEYS_PER_BLOB) * PACKED_KEY_BYTES;
        assembly ("memory-safe") {
            let operand := add(pair, 256)
            // One copy to the end of the operand, then the fields move up to their 64-byte places, the first one first.
            let source := add(operand, 64)
            extcodecopy(blob, source, add(offset, 1), PACKED_KEY_BYTES)
            for { let i := 0 } lt(i, 4) { i := add(i, 1) } {
                let high := shr(128, mload(source))
                let low := mload(add(source, 16))
                mstore(operand, high)
                mstore(add(operand, 32), low)
                operand := add(operand, 64)
                source := add(source, 48)
            }
        }
    }

    function _negateY(bytes memory key) private pure {
        for (uint256 offset = 128; offset < 256; offset += 64) {
            uint256 high = _field(key, offset, 32);
            uint256 low = _field(key, offset + 32, 32);
            if (high | low == 0) continue;
            unchecked {
                // SAFETY: the coordinate is below p, because the key was added to a sum when it was installed.
                high = BLS.P_HIGH - high - (low > BLS.P_LOW ? 1 : 0);
                low = BLS.P_LOW - low;
            }
            assembly ("memory-safe") {
                mstore(add(add(key, 32), offset), high)
                mstore(add(add(key, 64), offset), low)
            }
        }
    }

    /// @dev keccak256(seats ‖ keys ‖ weights), in free memory that the blobs use again.
    function _nameOf(uint256 seats, bytes calldata keys, bytes calldata weights)
        private
        pure
        returns (bytes32 name)
    {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore(buffer, seats)
            calldatacopy(add(buffer, 32), keys.offset, keys.length)
            calldatacopy(add(add(buffer, 32), keys.length), weights.offset, weights.length)
            name := keccak256(buffer, add(32, add(keys.length, weights.length)))
        }
    }

    function _sumWeights(bytes calldata weights) private pure returns (uint256 total, uint256 largest) {
        uint256 emptySeat = type(uint256).max;
        assembly ("memory-safe") {
            for { let i := 0 } lt(i, weights.length) { i := add(i, 2) } {
                let weight := shr(240, calldataload(add(weights.offset, i)))
                if iszero(weight) { emptySeat := shr(1, i) }
                if gt(weight, largest) { largest := weight }
                total := add(total, weight)
            }
        }
        if (emptySeat != type(uint256).max) revert SeatEmpty(emptySeat);
    }

    function _header(bytes32 setId) private view returns (bytes memory header, uint256 seats) {
        uint256 entry = _sets[setId];
        if (entry == 0) revert SetUnknown(setId);
        seats = entry >> 160;
        uint256 size = WEIGHTS_AT + 2 * seats;
        assembly ("memory-safe") {
            // Allocated here, because `new bytes` would first fill with zeros what is overwritten at once.
            header := mload(0x40)
            mstore(0x40, and(add(add(header, size), 63), not(31)))
            mstore(header, size)
            extcodecopy(entry, add(header, 32), 1, size)
        }
    }

    /// @dev The number in `size` bytes at `offset`.
    function _field(bytes memory data, uint256 offset, uint256 size) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(sub(256, mul(size, 8)), mload(add(add(data, 32), offset)))
        }
    }
}
