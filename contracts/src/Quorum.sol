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

    // The header blob: sum of keys (256), total weight (8), largest weight (4), blob addresses (3 x 20), weights (4 each).
    uint256 private constant TOTAL_AT = 256;
    uint256 private constant LARGEST_AT = 264;
    uint256 private constant BLOBS_AT = 268;
    uint256 private constant WEIGHTS_AT = 328;

    /// @dev Header's address, then the number of seats in the upper bits.
    mapping(bytes32 setId => uint256) private _sets;

    /// @inheritdoc IQuorum
    function install(bytes calldata keys, bytes calldata weights) external returns (bytes32 setId) {
        uint256 seats = keys.length / PACKED_KEY_BYTES;
        if (
            seats == 0 || seats > MAX_SEATS || keys.length != seats * PACKED_KEY_BYTES
                || weights.length != seats * 4
        ) revert SetMalformed(keys.length, weights.length);
        setId = keccak256(abi.encodePacked(seats, keys, weights));
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
        bytes memory fixedPart =
            abi.encodePacked(aggregate, uint64(total), uint32(largest), blobs[0], blobs[1], blobs[2]);
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

        // The accumulator, and behind it the next operand: one buffer for every addition.
        uint256[16] memory pair;
        assembly ("memory-safe") {
            mcopy(pair, add(header, 32), 256)
        }
        uint256 total = _field(header, TOTAL_AT, 8);
        uint256 present = total;
        while (absentees != 0) {
            uint256 index = _lowestBit(absentees);
            absentees &= absentees - 1;
            present -= _field(header, WEIGHTS_AT + 4 * index, 4);
            _loadNegated(header, index, pair);
            BLS.addKeys(pair);
        }
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
        largestWeight = _field(header, LARGEST_AT, 4);
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
        weight = _field(header, WEIGHTS_AT + 4 * index, 4);
    }

    /// @dev Keeps the keys `[start, end)` negated in one blob and adds them, as they are, to the sum in `pair`.
    function _writeKeys(bytes calldata keys, uint256 start, uint256 end, uint256[16] memory pair)
        private
        returns (address)
    {
        (uint256 pHigh, uint256 pLow) = (BLS.P_HIGH, BLS.P_LOW);
        bytes memory negated = new bytes((end - start) * PACKED_KEY_BYTES);
        for (uint256 i = start; i < end; i++) {
            uint256 bits;
            assembly ("memory-safe") {
                let source := add(keys.offset, mul(i, PACKED_KEY_BYTES))
                let operand := add(pair, 256)
                for { let j := 0 } lt(j, 4) { j := add(j, 1) } {
                    let field := add(source, mul(j, 48))
                    let high := shr(128, calldataload(field))
                    let low := calldataload(add(field, 16))
                    bits := or(bits, or(high, low))
                    mstore(add(operand, mul(j, 64)), high)
                    mstore(add(operand, add(mul(j, 64), 32)), low)
                }
                let target := add(add(negated, 32), mul(sub(i, start), PACKED_KEY_BYTES))
                calldatacopy(target, source, 96)
                // -(x, y) = (x, p - y), and 0 stays 0: p itself is no reduced coordinate.
                for { let j := 2 } lt(j, 4) { j := add(j, 1) } {
                    let high := mload(add(operand, mul(j, 64)))
                    let low := mload(add(operand, add(mul(j, 64), 32)))
                    if or(high, low) {
                        high := sub(sub(pHigh, high), gt(low, pLow))
                        low := sub(pLow, low)
                    }
                    let field := add(target, mul(j, 48))
                    mstore(add(field, 16), low)
                    // Both halves of `high << 128 | low >> 128`, so that the store leaves the low bytes as they are.
                    mstore(field, or(shl(128, high), shr(128, low)))
                }
            }
            if (bits == 0) revert SeatEmpty(i);
            BLS.addKeys(pair);
        }
        return CodeBlob.write(negated);
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

    function _sumWeights(bytes calldata weights) private pure returns (uint256 total, uint256 largest) {
        for (uint256 i = 0; i < weights.length; i += 4) {
            uint256 weight = uint32(bytes4(weights[i:i + 4]));
            if (weight == 0) revert SeatEmpty(i / 4);
            total += weight;
            if (weight > largest) largest = weight;
        }
    }

    function _header(bytes32 setId) private view returns (bytes memory header, uint256 seats) {
        uint256 entry = _sets[setId];
        if (entry == 0) revert SetUnknown(setId);
        seats = entry >> 160;
        header = new bytes(WEIGHTS_AT + 4 * seats);
        uint256 target;
        assembly ("memory-safe") {
            target := add(header, 32)
        }
        CodeBlob.copy(address(uint160(entry)), 0, header.length, target);
    }

    /// @dev The number in `size` bytes at `offset`.
    function _field(bytes memory data, uint256 offset, uint256 size) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(sub(256, mul(size, 8)), mload(add(add(data, 32), offset)))
        }
    }

    /// @dev Position of the lowest set bit of a number that is not zero, by halving.
    function _lowestBit(uint256 bits) private pure returns (uint256 position) {
        unchecked {
            // SAFETY: isolates one bit; the additions stay below 256.
            bits &= 0 - bits;
            if (bits >= 1 << 128) position = 128;
            if (bits >> position >= 1 << 64) position += 64;
            if (bits >> position >= 1 << 32) position += 32;
            if (bits >> position >= 1 << 16) position += 16;
            if (bits >> position >= 1 << 8) position += 8;
            if (bits >> position >= 1 << 4) position += 4;
            if (bits >> position >= 1 << 2) position += 2;
            if (bits >> position >= 1 << 1) position += 1;
        }
    }
}
